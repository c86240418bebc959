// The page of examples: filters over all, drawn in slices, so that 20,000 examples stay quick. Texts from the data are set
// as text only, never as markup.
"use strict";
const SLICE = 40;
const UNPARSEABLE = -1;
const data = JSON.parse(document.getElementById("data").textContent);
const form = document.querySelector(".filters");
const control = (name) => form.elements.namedItem(name);
const list = document.querySelector(".examples");
const count = document.querySelector(".count");
const more = document.querySelector(".more");
let current, found, shown, waiting;

function add(parent, tag, words, style) {
  const element = document.createElement(tag);
  if (words !== undefined) element.textContent = words;
  if (style) element.className = style;
  parent.append(element);
  return element;
}

function fill(name, options) {
  control(name).replaceChildren();
  for (const [value, words] of options) add(control(name), "option", words).value = value;
}

const title = (method) => `${method.number} ${method.title}`;
const isWrong = (method, place) => method.answers[place] !== current.golds[place];
const isCorrect = (method, place) => !isWrong(method, place);
const countWrong = (place) => current.methods.reduce((sum, method) => sum + isWrong(method, place), 0);

// The highest confidence in a wrong answer; -1 where no answer is wrong, or none's confidence is known.
function surest(place) {
  let highest = -1;
  for (const method of current.methods)
    if (isWrong(method, place)) highest = Math.max(highest, method.confidences[place] ?? -1);
  return highest;
}

function choose(position) {
  current = data.sets[position];
  current.lowered ??= current.texts.map((texts) => texts.join("\n").toLowerCase());
  const methods = current.methods.map((method, place) => [String(place), title(method)]);
  fill("wrong", [["", "–"], ["any", "any method"], ["all", "every method"], ...methods]);
  fill("correct", [["", "–"], ["any", "any method"], ...methods]);
  const subsets = new Map();
  for (const tags of current.tags)
    for (const pair of Object.entries(tags)) subsets.set(JSON.stringify(pair), pair.join(": "));
  const sorted = Array.from(subsets).sort((a, b) => a[1].localeCompare(b[1], undefined, { numeric: true }));
  fill("subset", [["", "all"], ...sorted]);
  fill("gold", [["", "any"], ...current.labels.map((label, place) => [String(place), label])]);
}

function fits(value, place, holds) {
  if (value === "") return true;
  if (value === "any") return current.methods.some((method) => holds(method, place));
  if (value === "all") return current.methods.every((method) => holds(method, place));
  return holds(current.methods[Number(value)], place);
}

function agree(place) {
  return current.methods.every((method) => method.answers[place] === current.methods[0].answers[place]);
}

function filter() {
  const wanted = Object.fromEntries(new FormData(form));
  const words = wanted.text.trim().toLowerCase();
  const [tag, value] = wanted.subset ? JSON.parse(wanted.subset) : [];
  found = [];
  for (let place = 0; place < current.ids.length; place += 1) {
    if (wanted.gold !== "" && current.golds[place] !== Number(wanted.gold)) continue;
    if (tag !== undefined && current.tags[place][tag] !== value) continue;
    if (words && !current.lowered[place].includes(words)) continue;
    if (!fits(wanted.wrong, place, isWrong) || !fits(wanted.correct, place, isCorrect)) continue;
    if (wanted.agreement && agree(place) !== (wanted.agreement === "agree")) continue;
    found.push(place);
  }
  const key = { missed: countWrong, sure: surest }[wanted.order];
  if (key) {
    const keys = new Map(found.map((place) => [place, key(place)]));
    found.sort((a, b) => keys.get(b) - keys.get(a) || a - b);
  }
  count.textContent = `${found.length.toLocaleString("en")} of ${current.ids.length.toLocaleString("en")} examples`;
  list.replaceChildren();
  shown = 0;
  showMore();
}

function showMore() {
  const part = document.createDocumentFragment();
  for (const place of found.slice(shown, shown + SLICE)) part.append(draw(place));
  shown = Math.min(found.length, shown + SLICE);
  list.append(part);
  more.hidden = shown === found.length;
}

function describe(parent, name, words, tag) {
  const part = add(parent, "div");
  add(part, "dt", name);
  add(add(part, "dd"), tag, words);
}

function draw(place) {
  const card = document.createElement("article");
  add(card, "h2", current.ids[place]);
  const tags = Object.entries(current.tags[place]).map(([tag, value]) => `${tag}: ${value}`);
  add(card, "p", tags.join(" · "), "tags");
  const texts = add(card, "dl", undefined, "texts");
  current.fields.forEach((field, position) => {
    describe(texts, field.replaceAll("_", " "), current.texts[place][position], "span");
  });
  describe(texts, "gold label", current.labels[current.golds[place]], "strong");
  const answers = add(card, "ul", undefined, "answers");
  for (const method of current.methods) drawAnswer(answers, method, place);
  return card;
}

function drawAnswer(answers, method, place) {
  const wrong = isWrong(method, place);
  const answer = method.answers[place];
  const sure = method.confidences[place];
  const entry = add(answers, "li", undefined, wrong ? "wrong" : "correct");
  const mark = add(entry, "span", wrong ? "✗" : "✓", "mark");
  mark.setAttribute("role", "img");
  mark.setAttribute("aria-label", wrong ? "wrong" : "correct");
  add(entry, "span", title(method), "who");
  add(entry, "strong", answer === UNPARSEABLE ? "no label" : current.labels[answer]);
  add(entry, "span", sure === null ? "" : `${sure}%`, "sure");
}

form.addEventListener("input", (event) => {
  clearTimeout(waiting);
  if (event.target === control("set")) choose(Number(event.target.value));
  if (event.target === control("text")) waiting = setTimeout(filter, 120);
  else filter();
});
// A reset changes the fields after its event.
form.addEventListener("reset", () => {
  setTimeout(() => {
    choose(Number(control("set").value));
    filter();
  });
});
form.addEventListener("submit", (event) => event.preventDefault());
more.addEventListener("click", showMore);

const several = new Set(data.sets.map((set) => set.task)).size > 1;
fill("set", data.sets.map((set, place) => [String(place), several ? `${set.task}: ${set.split}` : set.split]));
if (data.sets.length) {
  choose(0);
  filter();
} else {
  count.textContent = "No method answered any test example.";
}
