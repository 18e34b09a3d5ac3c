"""What of a take is kept when its blocks have changed."""

import pytest
from toy_models import static_toy

from mdm_adapter.pipeline import MotionPipeline
from mdm_adapter.studio.project import Block, Document, Take
from mdm_adapter.studio.spans import TAKE, Laid, Piece, blocks_on, lay, pieces_of

WALK, WAVE, BOW = (
    Block(t, f"a person {t}s", s, 3.0) for t, s in (("walk", 0.0), ("wave", 3.0), ("bow", 6.0))
)
CLIP = "ab" * 16


@pytest.fixture(scope="module")
def model() -> MotionPipeline:
    return static_toy()


def laid(model: MotionPipeline, *blocks: Block) -> Laid:
    return lay(Document(blocks=blocks), model)


def take_of(there: Laid) -> Take:
    return Take("t-0", "t", 1, 0, CLIP, "none", "", there.spans)


def pieces(now: Laid, base: Laid | None, *anew: str, cyclic: bool = False) -> list[Piece]:
    found = pieces_of(now, take_of(base) if base else None, anew, cyclic=cyclic, join=16)
    assert sum(piece.frames for piece in found) == now.frames
    return found


def test_spans_lie_where_blocks_do(model: MotionPipeline) -> None:
    there = laid(
        model, WALK, Block("wave", "a person waves", 2.0, 3.0), Block("bow", "a person bows", 6.0, 2.0)
    )
    assert [(s.block, s.text, s.start, s.end) for s in there.spans] == [
        ("walk", "a person walks", 0, 50), ("wave", "a person waves", 50, 100), ("gap-wave", "", 100, 120),
        ("bow", "a person bows", 120, 160),
    ]  # fmt: skip


def test_one_block_again_keeps_all_else(model: MotionPipeline) -> None:
    there = laid(model, WALK, WAVE, BOW)
    assert pieces(there, there, "wave") == [
        Piece(TAKE, 0, 60), Piece(frames=60, made=(("a person waves", 60, None),), replaced=(60, 120)), Piece(TAKE, 120, 60)
    ]  # fmt: skip
    assert pieces(there, there) == [Piece(TAKE, 0, 180)]


def test_a_loop_wraps(model: MotionPipeline) -> None:
    there = laid(model, WALK, WAVE, BOW)
    first, rest = pieces(there, there, "walk", cyclic=True)
    assert (first.replaced, rest) == ((180, 240), Piece(TAKE, 60, 120))
    assert len(pieces(there, there, cyclic=True)) == 1


def test_a_longer_block_moves_what_follows(model: MotionPipeline) -> None:
    there = laid(model, WALK, WAVE, BOW)
    longer = laid(model, WALK, Block("wave", WAVE.text, 3.0, 5.0), Block("bow", BOW.text, 8.0, 3.0))
    _, new, after = pieces(longer, there)
    assert (new.frames, new.replaced, after) == (100, (60, 120), Piece(TAKE, 120, 60))


def test_what_did_not_belong_together_is_joined(model: MotionPipeline) -> None:
    there = laid(model, WALK, WAVE, BOW)
    swapped = laid(model, Block("wave", WAVE.text, 0.0, 3.0), Block("walk", WALK.text, 3.0, 3.0), BOW)
    found = pieces(swapped, there)
    assert [(p.source, p.frames) for p in found] == [(TAKE, 52), ("", 16), (TAKE, 44), ("", 16), (TAKE, 52)]


def test_imported_motion_is_kept_and_everything_beside_it_made(model: MotionPipeline) -> None:
    clip = Block("clip", "dance", 3.0, 2.0, clip=CLIP, first=1.0)
    found = pieces(laid(model, WALK, clip, Block("bow", BOW.text, 5.0, 3.0)), None)
    assert [(p.source, p.first, p.frames) for p in found] == [("", 0, 60), (CLIP, 20, 40), ("", 0, 60)]


def test_from_a_block_on() -> None:
    document = Document(blocks=(BOW, WALK, WAVE))
    assert blocks_on(document, "wave") == ["wave", "bow"]
    with pytest.raises(ValueError, match="no block"):
        blocks_on(document, "jump")
