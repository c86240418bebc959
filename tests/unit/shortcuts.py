"""How well simple examples, such as the words of a text, predict a label: what a made-up task must not allow."""

from fineprint.tasks import NO_LABEL


def count_words(rows, fields, vectorizers=None):
    from scipy.sparse import hstack
    from sklearn.feature_extraction.text import CountVectorizer

    texts = {field: [row.texts[field] for row in rows] for field in fields}
    vectorizers = vectorizers or {field: CountVectorizer(binary=True).fit(texts[field]) for field in fields}
    return hstack([vectorizers[field].transform(texts[field]) for field in fields]).tocsr(), vectorizers


def measure_overlap(rows):
    """The number of new and of lost words, each count on its own, and their difference in length."""
    lines = []
    for row in rows:
        first, second = (set(row.texts[field].lower().rstrip(".?").split()) for field in row.texts)
        new, lost = len(second - first), len(first - second)
        lines.append([new, lost, len(first) - len(second), *(new == size for size in range(5))])
    return lines


def score_shortcut(splits, fields, with_overlap=False):
    """Accuracy on all test splits, and the majority rate there."""
    from scipy.sparse import csr_matrix, hstack
    from sklearn.linear_model import LogisticRegression

    train = [row for row in splits["train"] if row.label != NO_LABEL]
    test = [row for split in splits if split != "train" for row in splits[split] if row.label != NO_LABEL]
    train_features, vectorizers = count_words(train, fields)
    test_features, _ = count_words(test, fields, vectorizers)
    if with_overlap:
        train_features = hstack([train_features, csr_matrix(measure_overlap(train), dtype=float)])
        test_features = hstack([test_features, csr_matrix(measure_overlap(test), dtype=float)])
    labels = [row.label for row in test]
    model = LogisticRegression(max_iter=2000).fit(train_features, [row.label for row in train])
    return model.score(test_features, labels), max(labels.count(label) for label in set(labels)) / len(labels)
