"""Tags of sentences without them, against those of HumanML3D's rules."""

from eval.judges.tagging import tag_words


def test_nouns_and_verbs_become_lemmas_and_the_rest_stays() -> None:
    words = [word.split("/") for word in tag_words("a person walks forward and waves both hands.").split()]
    assert [word for word, _ in words] == ["a", "person", "walk", "forward", "and", "wave", "both", "hand"]
    assert dict(words)["walk"] == "VERB"
    assert dict(words)["hand"] == "NOUN"


def test_left_keeps_its_form_and_hyphens_and_numbers_go() -> None:
    found = tag_words("t-pose, then turn left 2 times")
    assert "left/" in found
    assert "tpose/" in found
    assert "2" not in found


def test_nothing_to_read_is_an_unknown_word() -> None:
    assert tag_words("... 42") == "unk/OTHER"
