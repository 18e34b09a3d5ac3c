"""Forms of verbs: lemminflect's dictionary, and the list of verbs that this domain uses as verbs.

"A person waves, then bows" is tagged noun, noun by a model that has read the news; the list says that both
are verbs here unless their neighbours say otherwise (`parse.py`).
"""

from __future__ import annotations

import functools
from typing import Literal

Form = Literal["base", "s", "ing", "past", "part"]

_TAGS: dict[Form, str] = {"base": "VB", "s": "VBZ", "ing": "VBG", "past": "VBD", "part": "VBN"}

_LIST = """
    accelerate adjust aim amble approach arch ascend attack avoid backflip backpedal backtrack balance bat
    beckon begin bend blink block bob bounce bow box brace breakdance breathe bring brush bump bunny-hop
    carry cartwheel cast catch celebrate charge chase cheer chew chop circle clap clean clench climb clutch
    collapse come continue cough counter cower crane crawl creep cross crouch cry curl curtsy cut cycle dab
    dance dart dash deadlift defend descend die dig dip dismount dive do dodge doze drag draw dribble drift
    drink drive drop duck dunk eat elbow embrace enter exercise exhale exit extend faint fake fall feint
    fence fidget fight fist-pump flail flap flex flick flinch fling flip float flop fly fold freeze frolic
    frown fumble gallop gaze gesticulate gesture get giggle give glance glide go grab grapple grasp greet
    grin grind grip gyrate halt hammer hang haul headbang headbutt heave hide high-five hike hit hobble
    hoist hold hop hug hum hunch hurdle hurry idle inch inhale jab jam jerk jiggle jive jog juggle juke jump
    kick kiss knead kneel knock land laugh lay lead lean leap leave lie lift limp listen loiter look lope
    lower lumber lunge lurch lurk make march meander meditate mime mimic moonwalk mop mount move nod offer
    open pace paddle paint pant parry pass pat pause pedal peek peer perform pet pick pirouette pitch pivot
    place plank play plie plod point poke ponder pose pounce pour practice practise prance pray press
    pretend prowl pull pump punch push put quiver race raise ram reach rebound receive recoil recover reel
    regain relax release remain repeat rest resume return reverse ride rinse rise rock roll rotate row rub
    run rush salute saunter scamper scoot scratch scream scrub scurry search serve shadowbox shake sheathe
    shield shimmy shiver shoot shout shove shovel shrug shudder shuffle sidestep sigh signal sing sip sit
    skate skateboard ski skid skip slam slap slash sleep slice slide slip slouch slow slump smash smile snap
    sneak sneeze sniff sob somersault spar spin sprawl spread sprint squat squeeze squirm stab stack stagger
    stalk stamp stand stare start stay step sting stir stomp stoop stop straddle stretch stride strike
    stroll struggle strum strut stumble surf swagger swat sway sweep swerve swim swing swipe switch swivel
    swoop tackle take talk tango tap taunt tense text thrash throw thrust tilt tiptoe toss totter touch
    trample transition travel tread tremble trip trot trudge try tuck tug tumble turn twerk twirl twist
    twitch unsheathe uppercut use vault waddle wade wag wait wake walk waltz wander warm wash wave waver
    weave weep whistle wiggle wince wink wipe wobble work worm wrap wrestle wriggle writhe yawn yell zigzag
    zip zombie-walk fire moan growl honk topple shamble sew iron vacuum conduct flee bark strafe
    type spit facepalm deal shave knit cook scoop
"""
MOTION_VERBS: tuple[str, ...] = tuple(_LIST.split())
_MOTION = frozenset(MOTION_VERBS)
# Where the dictionary knows another word, prefers a rarer form, or does not know the verb.
_OWN: dict[tuple[str, Form], str] = {
    ("be", "s"): "is",
    ("be", "past"): "was",
    ("lie", "past"): "lay",
    ("lie", "part"): "lain",
    ("get", "part"): "got",
    ("sting", "ing"): "stinging",
    ("plie", "ing"): "plieing",
    ("uppercut", "ing"): "uppercutting",
}


@functools.cache
def inflect(base: str, form: Form) -> str:
    """The form of a verb: inflect("carry", "s") is "carries"; of "bunny-hop" only the last part changes."""
    import lemminflect

    if form == "base":
        return base
    if (base, form) in _OWN:
        return _OWN[base, form]
    first, hyphen, last = base.rpartition("-")
    found = lemminflect.getInflection(last, _TAGS[form])
    return first + hyphen + (found[0] if found else last)


@functools.cache
def readings(word: str) -> tuple[tuple[str, Form], ...]:
    """All (base, form) that a lower-case word may be as a verb, motion verbs first; empty when it is none."""
    import lemminflect

    first, hyphen, last = word.rpartition("-")
    bases = {first + hyphen + base for base in lemminflect.getAllLemmas(last, upos="VERB").get("VERB", ())}
    bases |= {word} & _MOTION
    bases |= {base for base, form in _OWN if _OWN[base, form] == word}
    found = [(base, form) for base in bases for form in _TAGS if word in _forms(base, form)]
    return tuple(sorted(found, key=lambda f: (f[0] not in _MOTION, list(_TAGS).index(f[1]), f[0])))


@functools.cache
def is_motion(word: str) -> bool:
    """True for every form of the verbs of the list."""
    return any(base in _MOTION for base, _ in readings(word))


@functools.cache
def is_order(word: str) -> bool:
    """True for the plain forms of the verbs of the list: "jump", not "jumps"."""
    return word in _MOTION


@functools.cache
def parts_of_speech(word: str) -> frozenset[str]:
    """What a lower-case word may be according to the dictionary: NOUN, VERB, ADJ, ADV; empty when unknown."""
    import lemminflect

    return frozenset(lemminflect.getAllLemmas(word.rpartition("-")[2]))


def _forms(base: str, form: Form) -> tuple[str, ...]:
    import lemminflect

    first, hyphen, last = base.rpartition("-")
    found = lemminflect.getInflection(last, _TAGS[form])
    return (inflect(base, form), *(first + hyphen + word for word in found))
