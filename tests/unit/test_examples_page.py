"""The page of examples: its data cannot leave their element, and only its own script may run."""

import base64
import hashlib
import json
import re

from example_examples import HOSTILE, make_examples
from fineprint.reporting.examples_page import render_examples
from test_reporting import REPORT, Page

DATA = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.DOTALL)
RUN = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def test_texts_cannot_leave_the_data():
    examples = make_examples(30)
    html = render_examples(examples, REPORT)
    (data,) = DATA.findall(html)
    assert "<" not in data and ">" not in data and "&" not in data
    assert json.loads(data)["sets"][0]["texts"][0][0] == HOSTILE
    assert "<img" not in html and HOSTILE not in html


def test_only_its_own_script_may_run_and_nothing_is_loaded():
    html = render_examples(make_examples(3), REPORT)
    (script,) = RUN.findall(html)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in html and "default-src 'none'" in html
    page = Page(html)
    assert all(source.startswith("data:") for source in page.loads)
    assert not re.search(r"innerHTML|insertAdjacentHTML|outerHTML|document\.write|eval\(", script)


def test_numbers_are_written_as_compactly_as_json_allows():
    small, large = (len(render_examples(make_examples(count), REPORT)) for count in (100, 1100))
    assert (large - small) / 1000 < 450, "bytes an example of twelve methods"
