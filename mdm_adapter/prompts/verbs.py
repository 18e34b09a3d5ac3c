"""Forms of verbs, from lemminflect's dictionary, and the list of verbs that this domain uses as verbs.

"A person waves, then bows" is tagged noun, noun by a model that has read the news; the list says that both
are verbs here unless their neighbours say otherwise (`parse.py`).
"""

from __future__ import annotations

import functools
import gzip
import importlib.util
import re
import unicodedata
from pathlib import Path
from typing import Literal

Form = Literal["base", "s", "ing", "past", "part"]

_TAGS: dict[Form, str] = {"base": "VB", "s": "VBZ", "ing": "VBG", "past": "VBD", "part": "VBN"}
_COLUMNS: tuple[Form, ...] = ("past", "part", "ing", "s")  # of lemminflect's table
_PASTS: tuple[tuple[Form, Form], ...] = (("past", "part"), ("part", "past"))

_LIST = """
    accelerate adjust aim amble approach arch ascend attack avoid backflip backpedal backtrack balance
    bark bat beckon begin bend blink block bob bounce bow box brace breakdance breathe bring brush bump
    bunny-hop carry cartwheel cast catch celebrate charge chase cheer chew chop circle clap clean clench
    climb clutch collapse come conduct continue cook cough counter cower crane crawl creep cross crouch
    cry curl curtsy cut cycle dab dance dart dash deadlift deal defend descend die dig dip dismount dive
    do dodge doze drag draw dribble drift drink drive drop duck dunk eat elbow embrace enter exercise
    exhale exit extend facepalm faint fake fall feint fence fidget fight fire fist-pump flail flap flee
    flex flick flinch fling flip float flop fly fold freeze frolic frown fumble gallop gaze gesticulate
    gesture get giggle give glance glide go grab grapple grasp greet grin grind grip growl gyrate halt
    hammer hang haul headbang headbutt heave hide high-five hike hit hobble hoist hold honk hop hug hum
    hunch hurdle hurry idle inch inhale iron jab jam jerk jiggle jive jog juggle juke jump kick kiss knead
    kneel knit knock land laugh lay lead lean leap leave lie lift limp listen loiter look lope lower
    lumber lunge lurch lurk make march meander meditate mime mimic moan moonwalk mop mount move nod offer
    open pace paddle paint pant parry pass pat pause pedal peek peer perform pet pick pirouette pitch
    pivot place plank play plie plod point poke ponder pose pounce pour practice practise prance pray
    press pretend prowl pull pump punch push put quiver race raise ram reach rebound receive recoil
    recover reel regain relax release remain repeat rest resume return reverse ride rinse rise rock roll
    rotate row rub run rush salute saunter scamper scoop scoot scratch scream scrub scurry search serve
    sew shadowbox shake shamble shave sheathe shield shimmy shiver shoot shout shove shovel shrug shudder
    shuffle sidestep sigh signal sing sip sit skate skateboard ski skid skip slam slap slash sleep slice
    slide slip slouch slow slump smash smile snap sneak sneeze sniff sob somersault spar spin spit sprawl
    spread sprint squat squeeze squirm stab stack stagger stalk stamp stand stare start stay step sting
    stir stomp stoop stop straddle strafe stretch stride strike stroll struggle strum strut stumble surf
    swagger swat sway sweep swerve swim swing swipe switch swivel swoop tackle take talk tango tap taunt
    tense text thrash throw thrust tilt tiptoe topple toss totter touch trample transition travel tread
    tremble trip trot trudge try tuck tug tumble turn twerk twirl twist twitch type unsheathe uppercut use
    vacuum vault waddle wade wag wait wake walk waltz wander warm wash wave waver weave weep whistle
    wiggle wince wink wipe wobble work worm wrap wrestle wriggle writhe yawn yell zigzag zip zombie-walk
"""
MOTION_VERBS: tuple[str, ...] = tuple(_LIST.split())
_MOTION = frozenset(MOTION_VERBS)
# Rows for the dictionary where it knows another word, prefers a rarer form, or does not know the verb.
_OWN = """
be,verb,was,been,being,is
lie,verb,lay/lied,lain,lying,lies
get,verb,got,got/gotten,getting,gets
run,verb,ran,run,running,runs
stay,verb,stayed,,staying,stays
shave,verb,shaved,shaved/shaven,shaving,shaves
sting,verb,stung,,stinging,stings
text,verb,texted,,texting,texts
jive,verb,jived,,jiving,jives
juke,verb,juked,,juking,jukes
twerk,verb,twerked,,twerking,twerks
plie,verb,plied,,plieing,plies
high-five,verb,high-fived,,high-fiving,high-fives
"""


@functools.cache
def _table(name: str) -> str:
    """A table of lemminflect as text; its own reader takes seconds to make objects of 120,000 rows."""
    spec = importlib.util.find_spec("lemminflect")
    if spec is None or spec.origin is None:
        raise RuntimeError("splitting a prompt needs lemminflect; run: pip install lemminflect")
    packed = Path(spec.origin).parent / "resources" / f"{name}_lu.csv.gz"
    return "\n" + gzip.decompress(packed.read_bytes()).decode("utf-8") + _OWN


@functools.cache
def _verbs() -> tuple[dict[str, dict[Form, list[str]]], dict[str, list[tuple[str, Form]]]]:
    """(the spellings of each form of each verb, what each spelling may be a form of)."""
    spellings: dict[str, dict[Form, list[str]]] = {}
    for base, row in re.findall(r"^(.+),verb,(.*)$", _table("infl"), re.MULTILINE):
        forms = {form: cell.split("/") for form, cell in zip(_COLUMNS, row.split(",")) if cell}
        # of a regular verb one past stands for both
        forms["past"], forms["part"] = (forms.get(a) or forms.get(b, []) for a, b in _PASTS)
        spellings[base] = {"base": [base], **forms}
    for verb in _MOTION - spellings.keys():
        # "moonwalk" is inflected as "walk"
        last = next((verb[i:] for i in range(2, len(verb) - 2) if verb[i:] in spellings), "")
        first = verb.removesuffix(last)
        spellings[verb] = {f: [first + s for s in found] for f, found in spellings.get(last, {}).items()}
    read: dict[str, list[tuple[str, Form]]] = {}
    for base, forms in spellings.items():
        for form in _TAGS:
            for spelling in forms.get(form, []):
                read.setdefault(spelling, []).append((base, form))
    return spellings, read


@functools.cache
def inflect(base: str, form: Form) -> str:
    """The form of a verb: inflect("carry", "s") is "carries"; of "bunny-hop" only the last part changes."""
    first, hyphen, last = base.rpartition("-")
    found = _verbs()[0].get(base, {}).get(form)
    if found:
        return found[0]
    if base and base == last and form != "base":
        import lemminflect

        found = lemminflect.getAllInflectionsOOV(base, "VERB").get(_TAGS[form])
    return found[0] if found else first + hyphen + inflect(last, form) if hyphen else base


@functools.cache
def readings(word: str) -> tuple[tuple[str, Form], ...]:
    """All (base, form) that a lower-case word may be as a verb, motion verbs first; empty when it is none."""
    first, hyphen, last = word.rpartition("-")
    known = _verbs()[1]
    if not word.isascii() and word not in known:
        word = "".join(c for c in unicodedata.normalize("NFD", word) if c.isascii())  # "plié"
    found = known.get(word) or [(first + hyphen + base, form) for base, form in known.get(last, ())]
    return tuple(sorted(found, key=lambda f: (f[0] not in _MOTION, list(_TAGS).index(f[1]), f[0])))


@functools.cache
def is_motion(word: str) -> bool:
    """True for every form of the verbs of the list."""
    return any(base in _MOTION for base, _ in readings(word))


def is_order(word: str) -> bool:
    """True for the plain forms of the verbs of the list: "jump", not "jumps"."""
    return word in _MOTION


@functools.cache
def parts_of_speech(word: str) -> frozenset[str]:
    """What a lower-case word may be according to the dictionary: noun, verb, adj, adv; empty when unknown."""
    table, key = _table("lemma"), "\n" + word.rpartition("-")[2] + ","
    at = table.find(key)
    rows = table[at : at + 5 * len(key) + 200].split(key) if at >= 0 else []
    return frozenset(row.partition(",")[0] for row in rows[1:])
