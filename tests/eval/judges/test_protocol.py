from eval.judges.official import OfficialDims, OfficialEvaluator
from eval.judges.protocol import MotionEmbedder, TextEmbedder, TextMotionEvaluator
from eval.judges.starter import StarterConfig, StarterEvaluator, Vocabulary


def test_both_evaluators_offer_what_the_protocols_ask() -> None:
    dims = OfficialDims(263, 8, 8, 8, 8, 8, 8, 15)
    starter = StarterEvaluator(
        StarterConfig(hidden=8, text_hidden=8, embedding=8, word=8), Vocabulary(("a",))
    )
    for evaluator in (OfficialEvaluator(dims, [0.0] * 263, [1.0] * 263), starter):
        assert isinstance(evaluator, MotionEmbedder)
        assert isinstance(evaluator, TextEmbedder)
        assert isinstance(evaluator, TextMotionEvaluator)
        assert evaluator.embedding_width == 8


def test_something_else_does_not() -> None:
    assert not isinstance(object(), MotionEmbedder)
