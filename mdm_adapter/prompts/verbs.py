"""Verbs of human motion with all their forms, for the words that a small tagger takes for nouns.

"A person waves, then bows" is tagged noun, noun; the list says that both may be verbs, and the rules in
`clauses.py` decide from the neighbours.
"""

from __future__ import annotations

import functools
from typing import Literal

Form = Literal["base", "s", "ing", "past", "part"]

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
    zip zombie-walk
"""
MOTION_VERBS: tuple[str, ...] = tuple(_LIST.split())

# base: (past, participle); everything else follows the rules
_IRREGULAR: dict[str, tuple[str, str]] = {
    "be": ("was", "been"),
    "become": ("became", "become"),
    "begin": ("began", "begun"),
    "bend": ("bent", "bent"),
    "break": ("broke", "broken"),
    "bring": ("brought", "brought"),
    "catch": ("caught", "caught"),
    "come": ("came", "come"),
    "creep": ("crept", "crept"),
    "cut": ("cut", "cut"),
    "dig": ("dug", "dug"),
    "dive": ("dived", "dived"),
    "do": ("did", "done"),
    "draw": ("drew", "drawn"),
    "drink": ("drank", "drunk"),
    "drive": ("drove", "driven"),
    "eat": ("ate", "eaten"),
    "fall": ("fell", "fallen"),
    "feel": ("felt", "felt"),
    "fight": ("fought", "fought"),
    "find": ("found", "found"),
    "fling": ("flung", "flung"),
    "fly": ("flew", "flown"),
    "freeze": ("froze", "frozen"),
    "get": ("got", "got"),
    "give": ("gave", "given"),
    "go": ("went", "gone"),
    "hang": ("hung", "hung"),
    "have": ("had", "had"),
    "hide": ("hid", "hidden"),
    "hit": ("hit", "hit"),
    "hold": ("held", "held"),
    "keep": ("kept", "kept"),
    "kneel": ("knelt", "knelt"),
    "lay": ("laid", "laid"),
    "lead": ("led", "led"),
    "leave": ("left", "left"),
    "let": ("let", "let"),
    "lie": ("lay", "lain"),
    "make": ("made", "made"),
    "put": ("put", "put"),
    "read": ("read", "read"),
    "ride": ("rode", "ridden"),
    "rise": ("rose", "risen"),
    "run": ("ran", "run"),
    "say": ("said", "said"),
    "see": ("saw", "seen"),
    "set": ("set", "set"),
    "shake": ("shook", "shaken"),
    "sing": ("sang", "sung"),
    "sit": ("sat", "sat"),
    "slide": ("slid", "slid"),
    "speak": ("spoke", "spoken"),
    "spin": ("spun", "spun"),
    "spread": ("spread", "spread"),
    "stand": ("stood", "stood"),
    "sting": ("stung", "stung"),
    "stride": ("strode", "stridden"),
    "strike": ("struck", "struck"),
    "sweep": ("swept", "swept"),
    "swim": ("swam", "swum"),
    "swing": ("swung", "swung"),
    "take": ("took", "taken"),
    "throw": ("threw", "thrown"),
    "thrust": ("thrust", "thrust"),
    "tread": ("trod", "trodden"),
    "wake": ("woke", "woken"),
    "weave": ("wove", "woven"),
    "write": ("wrote", "written"),
}
# longer verbs that double their last letter, which the rule for one syllable does not see
_DOUBLING = {"backflip", "begin", "sidestep", "uppercut", "zigzag"}
_VOWELS = "aeiou"


def inflect(base: str, form: Form) -> str:
    """The form of a verb: inflect("carry", "s") is "carries"."""
    if form == "base":
        return base
    if form == "s":
        return _third_person(base)
    if form == "ing":
        return _gerund(base)
    if base in _IRREGULAR:
        return _IRREGULAR[base][0 if form == "past" else 1]
    if base.endswith("e"):
        return base + "d"
    if len(base) > 2 and base.endswith("y") and base[-2] not in _VOWELS:
        return base[:-1] + "ied"
    return (base + base[-1] if _doubles(base) else base) + "ed"


def readings(word: str) -> tuple[tuple[str, Form], ...]:
    """All (base, form) that a lower-case word may be among the motion verbs; empty when it is none."""
    return _index().get(word, ())


def base_of_gerund(word: str) -> str:
    """A guess at the base of an unknown word in -ing: "juggling" gives "juggle"."""
    stem = word[:-3]
    if len(stem) > 2 and stem[-1] == stem[-2] and stem[-1] not in "lsz":
        return stem[:-1]
    if len(stem) > 1 and (stem[-1] in "cvzu" or (stem[-1] == "l" and stem[-2] not in _VOWELS + "lr")):
        return stem + "e"
    # one vowel before one consonant would have doubled it: "hoping" comes from "hope"
    return stem + "e" if _doubles(stem) else stem


def _third_person(base: str) -> str:
    if base in ("be", "have"):
        return {"be": "is", "have": "has"}[base]
    if len(base) > 1 and base.endswith("y") and base[-2] not in _VOWELS:
        return base[:-1] + "ies"
    if base.endswith(("s", "x", "z", "ch", "sh")) or base in ("go", "do", "undergo", "echo"):
        return base + "es"
    return base + "s"


def _gerund(base: str) -> str:
    if base.endswith("ie") and base != "plie":
        return base[:-2] + "ying"
    if base.endswith("e") and not base.endswith(("ee", "oe", "ye", "ie")) and base != "be":
        return base[:-1] + "ing"
    return (base + base[-1] if _doubles(base) else base) + "ing"


def _doubles(base: str) -> bool:
    if base in _DOUBLING:
        return True
    plain = base.replace("qu", "qw")
    if len(plain) < 2 or plain[-1] in _VOWELS + "wxy" or plain[-2] not in _VOWELS:
        return False
    return sum(c in _VOWELS for c in plain) == 1


@functools.cache
def _index() -> dict[str, tuple[tuple[str, Form], ...]]:
    table: dict[str, list[tuple[str, Form]]] = {}
    forms: tuple[Form, ...] = ("base", "s", "ing", "past", "part")
    for base in MOTION_VERBS:
        for form in forms:
            found = table.setdefault(inflect(base, form), [])
            if (base, form) not in found:
                found.append((base, form))
    return {word: tuple(found) for word, found in table.items()}
