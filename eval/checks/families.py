"""Sets of action labels that are named together: what a check may find in takes of another name."""

Slugs = frozenset[str]


def named(*lists: str) -> Slugs:
    """Labels from words with blanks between them."""
    return frozenset(" ".join(lists).split())


WALKS = named(
    "walk walk-turn-left walk-turn-right walk-turn-around walk-change-direction walk-diagonal-left",
    "walk-diagonal-right walk-uneven sneak start-walking stop-walking walk-to-run run-to-walk",
    "walk-back-and-forth walk-back-turn-around leave-fighting-stance climb-stairs descend-stairs",
)
BACK_WALKS = named("walk-back walk-back-and-forth walk-back-turn-around")
RUNS = named(
    "run dash run-turn-left run-turn-right run-turn-around run-change-direction run-side-step-left",
    "run-side-step-right run-over-obstacle run-jump-stop-run run-stop-run jump-over-running",
    "duck-under-running start-running stop-running run-to-walk walk-to-run run-back-and-forth",
    "run-back-turn-around rise-from-crouch",
)
BACK_RUNS = named("run-back run-back-and-forth run-back-turn-around")
# Takes that walk or run a few steps on their way to something else.
APPROACHES = named(
    "bow kick-soccer-ball carry-box put-down-box pick-up-box leap skip hop-while-walking",
    "dribble-basketball shoot-basketball fighting-stance celebrate warm-up dive-roll cartwheel crouch",
    "kick-jump",
)
LEFT_TURNS = named("walk-turn-left run-turn-left turn-around-left")
RIGHT_TURNS = named("walk-turn-right run-turn-right turn-around-right")
TURNS_AROUND = named(
    "walk-turn-around run-turn-around walk-change-direction run-change-direction walk-back-turn-around",
    "run-back-turn-around turn-around-left turn-around-right",
)

TURNS = LEFT_TURNS | RIGHT_TURNS | TURNS_AROUND | named("walk-uneven")

KICKS = named(
    "kick kick-axe kick-back kick-capoeira kick-crescent-left kick-crescent-right kick-double kick-front",
    "kick-jump kick-push-left kick-push-right kick-roundhouse-left kick-roundhouse-right kick-side-left",
    "kick-side-right kick-soccer-ball kick-spinning-back kick-spinning-crescent-left",
    "kick-spinning-crescent-right",
)
LEFT_PUNCHES = named(
    "punch-backfist-left punch-body-cross-left punch-body-hook-left punch-body-jab-left punch-cross-left",
    "punch-hook-left punch-jab-left punch-uppercut-left",
)
RIGHT_PUNCHES = frozenset(slug.replace("left", "right") for slug in LEFT_PUNCHES)
PUNCHES = LEFT_PUNCHES | RIGHT_PUNCHES | named("punch box")
BLOCKS = named("block-left block-right block-both block-low block-knife-hand")
EVASIONS = named("dodge-left dodge-right duck-left duck-right")
FOOTWORK = named(
    "advance retreat bounce switch-stance fighting-stance leave-fighting-stance taunt warm-up",
    "turn-around-left turn-around-right",
)
FIGHTS = KICKS | PUNCHES | BLOCKS | EVASIONS | FOOTWORK | named("martial-arts")

DANCES = named("dance-charleston dance-chicken dance-indian dance-modern dance-salsa dance-short")
IMITATIONS = named(
    "imitate-bear imitate-chicken imitate-dinosaur imitate-dog imitate-elephant imitate-fish",
    "imitate-monkey imitate-mouse imitate-prairie-dog imitate-snake imitate-whale",
)
# Takes of ten seconds in which nearly anything may happen: they were labelled once, not window by window.
FREE = (
    DANCES
    | IMITATIONS
    | named("martial-arts laugh celebrate pantomime-teapot direct-traffic swordplay wash-self")
)

LEFT_HANDS = named("raise-up-left-hand wave-left-hand")
RIGHT_HANDS = named("raise-up-right-hand wave-right-hand")
BOTH_HANDS = named("raise-up-both-hands wave-both-hands")
GREETINGS = named("bye byebye")

JUMPS = named(
    "jump jump-forward hop-forward hop-left-foot hop-right-foot jumping-jacks squat-jump reach-up",
    "shoot-basketball jump-over-running run-jump-stop-run leap skip hop-while-walking dive-roll kick-jump",
)
LOW_DOWN = named(
    "crouch squat squat-jump rise-from-crouch lie lie-down get-up crawl-forward crawl-backward dive-roll",
    "cartwheel celebrate",
)
SEATS = named("sit sit-down stand-up sit-swing-legs")
