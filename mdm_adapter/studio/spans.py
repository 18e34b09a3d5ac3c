"""From blocks to spans of frames, and what of a take can be kept when its blocks have changed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mdm_adapter.maker import Maker
from mdm_adapter.planning.timing import Timing, boundaries, lay_out
from mdm_adapter.serving.refusal import Refusal
from mdm_adapter.studio.project import Block, Document, Span, Take

JOIN_SECONDS = 0.8  # that are made anew where two kept parts meet that did not belong together


@dataclass(frozen=True)
class Laid:
    """A document in time.

    Attributes:
        timing: of all actions; `Timing.layers` lie on top.
        spans: of the line, one behind the other, gaps included.
        transitions: told seconds from each span into the next.
    """

    timing: Timing
    spans: tuple[Span, ...]
    transitions: tuple[float | None, ...]

    @property
    def frames(self) -> int:
        return self.spans[-1].end


def lay(document: Document, maker: Maker) -> Laid:
    """Where the blocks of a document lie.

    Raises:
        ValueError: nothing is there, or blocks that contradict each other; one line.
    """
    blocks = document.in_time
    if not blocks:
        raise Refusal("there is nothing to make; write a prompt, or add a block")
    fps = maker.representation.fps
    timing = lay_out([block.action for block in blocks], lambda text: maker.expected(text).seconds)
    waiting = [*blocks]
    spans: list[Span] = []
    for row, begin, end in zip(timing.line, [0.0, *boundaries(timing.line)], boundaries(timing.line)):
        first, last = round(fps * begin), round(fps * end)
        block = (
            next((b for b in waiting if (b.text, b.start) == (row.text, row.start)), None)
            if row.text
            else None
        )
        if block is None:
            spans.append(Span(f"gap-{spans[-1].block if spans else ''}"[:60], "", first, last))
            continue
        waiting.remove(block)
        skipped = round(fps * block.first) + max(0, first - round(fps * block.start)) if block.clip else 0
        spans.append(Span(block.id, block.text, first, last, block.clip, skipped))
    if any(block.clip for block in waiting):
        raise Refusal("imported motion lies on top of a block; put it beside")
    told = [row.transition for row in timing.line]
    return Laid(timing, tuple(spans), tuple(told))


@dataclass(frozen=True)
class Piece:
    """A stretch of what will be: kept frames from `first` of a source, or spans that are made.

    Attributes:
        source: `take`, or the name of a clip; empty for what is made.
        first: frame of the source.
        frames: how many.
        made: (text, frames, told transition) of what is made.
        replaced: frames of the take that stood between its neighbours, where these were neighbours of it before.
    """

    source: str = ""
    first: int = 0
    frames: int = 0
    made: tuple[tuple[str, int, float | None], ...] = ()
    replaced: tuple[int, int] | None = None


TAKE = "take"


def pieces_of(laid: Laid, base: Take | None, anew: Sequence[str], *, cyclic: bool, join: int) -> list[Piece]:
    """What is kept and what is made.

    Args:
        base: the take whose unchanged spans are kept.
        anew: blocks that are made even though they have not changed.
        cyclic: the end flows into the beginning.
        join: frames that are made anew where two kept parts meet that were no neighbours.
    """
    there = {span.block: span for span in base.spans} if base else {}
    found: list[Piece] = []
    for span, transition in zip(laid.spans, laid.transitions):
        before = there.get(span.block)
        if span.clip:
            _add(found, Piece(span.clip, span.first, span.frames))
        elif before and span.block not in anew and span.same(before):
            _add(found, Piece(TAKE, before.start, span.frames))
        elif found and found[-1].made:
            made = (*found[-1].made, (span.text, span.frames, transition))
            found[-1] = Piece(frames=found[-1].frames + span.frames, made=made)
        else:
            found.append(Piece(frames=span.frames, made=((span.text, span.frames, transition),)))
    length = base.spans[-1].end if base and base.spans else 0
    found = _joined(found, join, length if cyclic else 0, cyclic=cyclic)
    return [_replacing(found, i, length, cyclic=cyclic) for i in range(len(found))]


def _add(found: list[Piece], piece: Piece) -> None:
    """A kept piece, as one with the one before where it goes on from there."""
    last = found[-1] if found else None
    if last and last.source == piece.source and last.first + last.frames == piece.first:
        found[-1] = replace(last, frames=last.frames + piece.frames)
    else:
        found.append(piece)


def _joined(pieces: Sequence[Piece], join: int, length: int, *, cyclic: bool) -> list[Piece]:
    """The same with a short made piece where kept ones meet that did not belong together; as long as before.

    Args:
        length: of the take, whose end flows into its beginning.
    """
    found: list[Piece] = []
    for piece in pieces:
        if not found or found[-1].made or piece.made:
            found.append(piece)
            continue
        half = max(1, min(join // 2, piece.frames // 3, found[-1].frames // 3))
        found[-1] = replace(found[-1], frames=found[-1].frames - half)
        found += [_free(2 * half), replace(piece, first=piece.first + half, frames=piece.frames - half)]
    first, last = found[0], found[-1]
    goes_on = first.source == last.source == TAKE and first.first == 0 and last.first + last.frames == length
    if cyclic and not first.made and not last.made and not goes_on:
        cut = max(1, min(join, last.frames // 2))
        found[-1:] = [replace(last, frames=last.frames - cut), _free(cut)]
    return found


def _free(frames: int) -> Piece:
    return Piece(frames=frames, made=(("", frames, None),))


def _replacing(pieces: list[Piece], number: int, length: int, *, cyclic: bool) -> Piece:
    """A made piece with the frames of the take that it stands in for."""
    piece = pieces[number]
    if not piece.made or not length:
        return piece
    before = pieces[number - 1] if number or cyclic else None
    after = pieces[(number + 1) % len(pieces)] if number + 1 < len(pieces) or cyclic else None
    if len(pieces) == 1 or (before or after) is None:
        return piece
    start = before.first + before.frames if before else 0
    end = after.first if after else length
    own = all(other is None or other.source == TAKE for other in (before, after))
    if cyclic and end <= start:
        end += length
    return replace(piece, replaced=(start, end)) if own and start < end else piece


def blocks_on(document: Document, block: str) -> list[str]:
    """A block and all that come after it.

    Raises:
        Refusal: there is no such block.
    """
    names = [b.id for b in document.in_time]
    if block not in names:
        raise Refusal(f"there is no block {block[:40]!r}", status=404)
    return names[names.index(block) :]


def find(document: Document, block: str) -> Block:
    """A block by its name.

    Raises:
        Refusal: there is none.
    """
    for found in document.blocks:
        if found.id == block:
            return found
    raise Refusal(f"there is no block {block[:40]!r}", status=404)
