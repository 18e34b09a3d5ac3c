"""Actions of the starter data that 22 joints do not decide, and why."""

from eval.checks.families import named

_ACTED = (
    "what the animal looks like is left to the one actor there is; the clips are windows of one take or two, "
    "and none of them need show what another shows"
)

UNDECIDED: dict[str, str] = {
    **{
        f"imitate-{animal}": _ACTED
        for animal in named("bear chicken dinosaur dog elephant fish monkey mouse prairie-dog snake whale")
    },
    "block-knife-hand": "an open hand and a fist are the same wrist: by the arm alone it blocks in the middle",
    "call": "two clips that share nothing but a lean forward; a voice is not in the joints",
    "celebrate": "two clips, one kneels and one dances",
    "dance-modern": "windows of long takes, in some of which the dancer rests, in others runs or leaps",
    "dance-short": "seven windows of one take; the dancer stands still for the whole of the first",
    "look-around": "turns of the head alone: the head is one point, its direction is not in the joints",
    "pantomime-teapot": "windows of one take of a nursery rhyme, each with gestures of its own",
    "respond": "one clip, which is a raised left hand: nothing says that it answers",
    "swordplay": "one hand or two, with or without steps; without the sword it is moving arms",
    "taunt": "two clips of a small gesture towards an opponent who is not there",
    "warm-up": "one clip of loose arms and weight shifts",
    "wash-self": "three windows of one take: in one the arms are rubbed, in the others the back is bent",
}
"""Label -> reason."""
