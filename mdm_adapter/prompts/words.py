"""The closed lists of words that the splitter knows: connectors, pronouns, people, body parts, moves."""

from __future__ import annotations


def listed(text: str) -> frozenset[str]:
    """The words of a text as a set."""
    return frozenset(text.split())


DETERMINERS = listed("a an the this that these those each every another some any no")
POSSESSIVES = listed("his her its their my your our 's")
NUMBERS = listed("two three four five six seven eight nine ten eleven twelve several many multiple few")
SUBJECT_PRONOUNS = listed("he she they it i we you")
RELATIVES = listed("who which that")

# Adjectives that are verbs too: their plain form is a verb only when no noun follows.
ADJECTIVE_VERBS = listed("slow open clean warm lower tense idle limp clear dry calm lead")

PREPOSITIONS = listed(
    "with without in on at to from into onto towards toward through by of for against along across above "
    "below beneath behind beside between among near like over under around off out using via upon inside "
    "outside within during per"
)
# Prepositions that also close a verb ("the man standing up waves"), so a verb may follow them directly.
PARTICLES = listed("over under around off out by up down along across through in on inside outside behind")

ADVERBS = listed(
    "still again also just even once twice thrice almost simply both all too soon gently hard fast "
    "together neither instead sometimes often always never not n't suddenly clockwise counterclockwise"
)
WAYS = listed(
    "left right forward forwards backward backwards back sideways up down upward upwards downward "
    "downwards diagonally clockwise counterclockwise straight ahead inward outward"
)
DIRECTIONS = (WAYS - {"diagonally"}) | listed("again apart around inside outside thrice together twice")

# What stands before a clause that is the content of another: "watches how he walks".
CONTENT_MARKERS = listed("that what how way who which like than and where if")
# Sides and ways, as they follow one another: "the left, then the right", "forward, then back".
SIDES = listed("left right front back")
MANNERS = listed("fast slow hard high low deep quick faster slower harder higher lower")
OTHERS = listed("other others another both one")
WAY_VERBS = listed("turn go walk run step move look strafe rotate jump hop lean face sidestep")
MANNER_PREPOSITIONS = listed("with without like using for of by during per")
_AXES = ("left", "right", "forward forwards forth", "backward backwards back", "up", "down", "in", "out")
OPPOSITES = {w: (-1) ** n * (n // 2 + 1) for n, side in enumerate(_AXES) for w in side.split()}
# With these a way there and back is one movement: "turns left, then right".
THERE_AND_BACK = listed("turn rotate twist pivot dance waltz sway swing rock thrust shake")

BE = {"am": "is", "is": "is", "are": "is", "was": "was", "were": "was", "'m": "is", "'re": "is", "'s": "is"}
BE_PLURAL = {word: "were" if past == "was" else "are" for word, past in BE.items()}
MODALS = listed("will would can could should must may might shall 'll 'd ca wo cannot")

AUXILIARIES = listed("be have has had 've do does did") | BE.keys() | MODALS

# People and figures; "she" finds the female ones, and a plain verb after any of them is bad grammar, no noun.
MALE = listed("man boy guy male gentleman father king prince men boys guys dude son brother dad grandpa")
FEMALE = listed(
    "woman girl lady female mother queen princess women girls ladies females daughter sister mom grandma ballerina"
)
PEOPLE = (
    MALE
    | FEMALE
    | listed(
        "person character figure dancer child kid human someone somebody individual player actor actress "
        "subject avatar people persons characters figures dancers children kids humans individuals players "
        "actors subjects avatars everyone everybody couple pair group crowd team toddler adult teenager baby "
        "performer mannequin"
    )
)
CREATURES = listed(
    "robot zombie monster soldier knight ninja warrior boxer dog cat horse creature guard hero"
)
ACTORS = PEOPLE | CREATURES
WHO = ACTORS | SUBJECT_PRONOUNS | {"them", "us", "both", "all"}
# What moves in a prompt without being anybody's movement, and what only stands for somebody who moves.
THINGS = listed("door music ball bell light phone alarm whistle timer clock gun car train bus song beat")
PICTURES = listed("routine sequence animation scene video clip motion choreography exercise performance")
GROUPS = listed("couple pair group crowd team number bunch lot")
PLURAL_PEOPLE = listed("people men women children guys ladies boys girls everybody's persons")

BODY = listed(
    "arm arms leg legs hand hands foot feet knee knees elbow elbows head shoulder shoulders hip hips "
    "finger fingers toe toes fist fists chest waist wrist wrists ankle ankles torso body palm palms back "
    "neck upper-body eyes face chin heel heels thigh thighs forearm forearms butt "
    "nose mouth ear ears cheek cheeks forehead stomach calf calves shin shins brow"
)

# Words that this domain never uses as a verb (or so rarely that reading them as one does more harm).
NEVER_VERBS = (WAYS | PEOPLE | BODY - {"face"}) | listed(
    "like still past round side then next ok okay please slowly quickly after before and"
)

# Moves that have a name but no verb of their own (plain forms of motion verbs are names of moves too).
MOVE_NOUNS = listed(
    "frontflip handstand headstand push-up pushup pull-up pullup sit-up situp jack push-ups pushups "
    "pull-ups pullups sit-ups situps chin-ups press-ups jacks crunch crunches burpee burpees roundhouse "
    "hook t-pose a-pose stance yoga karate ballet salsa hip-hop tai-chi chi capoeira gymnastics aerobics "
    "handspring knees kneebend arabesque combo combination applause handshake backbend split splits "
    "thumbs-up greeting walk-cycle run-cycle pushoff cha-cha loop"
)
# The first word of verbs of two words: "salsa dances", "side steps", "crab walks".
VERB_PREFIXES = listed(
    "side front back break moon shadow power speed crab bear belly tap body fist tip double"
)
# Plain verbs that are far more often the name of a thing than of a move.
NOT_MOVES = listed("box face place work bat text paint lead use back talk drink search open play make get")
UNCOUNTED = listed("yoga karate ballet salsa tango capoeira breakdance hip-hop tai-chi chi applause")
# What ends a clause when a verb follows it.
ENDS = listed("it them him away off over")
# "now and then", "since then"
NOT_THEN = listed("now since even by until till every")
GERUND_MOVES = listed("jack jacks lunge lunges squat squats pose stance")
MOVE_COMPOUNDS = listed("cycle animation loop moves move motion motions routine sequence pose steps")
# "does a step" is not English, "takes a step" is.
TAKEN = listed("step steps stride strides leap rest seat break breath nap")

# Verbs whose object names the moves: "performs a jump, spin and kick" is one action.
LIGHT_VERBS = listed(
    "do perform practice practise execute make take give throw demonstrate show attempt complete mimic"
)
# First names that are motion verbs too.
NAMES = listed("bob pat chase rock rob jack grant drew frank mark")
# Verbs behind which a plain verb stays a verb: "go sit", "try jump".
TAKES_VERB = listed(
    "hold lose gain go come help let make start stop begin continue try keep get do have be say practice practise"
)
# Verbs of a speaker or a camera, after which a new subject is no new action.
REPORTING = listed("see watch think know say show hear feel imagine believe notice realize realise")

# Connectors of one word that start a new action wherever they stand, also behind the subject: "he then".
SEQUENCE_WORDS = listed("then finally lastly afterwards afterward subsequently thereafter")
SUBORDINATORS = listed(
    "while whilst as when whenever until till because if though although whereas since unless where"
)
LINKS = SEQUENCE_WORDS | listed("before after while as followed")
NEVER_UNKNOWN_VERBS = ACTORS | BODY | PREPOSITIONS | ADVERBS | DETERMINERS | MOVE_NOUNS | UNCOUNTED
SOFT_STOPS = listed(", – — -- - : ,, ،")

# What "and" joins (`together`): movements of the whole body, postures that last or are low, what is done during these.
WHOLE_BODY = listed(
    "walk run jog jump hop skip leap kick punch spin twirl pirouette crawl roll dance march sprint swim cartwheel "
    "backflip somersault flip tumble skate lunge dive limp stroll pace step strut tiptoe sneak creep climb ride gallop "
    "shuffle stagger wander weave sway rock bounce trot waddle stomp box spar"
)
POSTURES, LOW = listed("stand sit kneel lie"), listed("squat crouch")
CALM = POSTURES | listed("stay wait stop pause rest hang float balance pose")
DURING = listed(
    "wave clap talk sing look nod point shoot laugh smile cry shake swing hold carry eat read type juggle whistle gesture "
    "gesticulate think shrug yell scream shout cheer chat speak watch listen stare gaze glance cough sneeze "
    "wiggle flap hum strum snap salute wipe rub scratch pump flail giggle grin frown blow drink sip chew pray stretch tap"
)
# Ways with an end, verbs that share an object ("opens and closes a door"), that prepare the next or only describe.
ENDED = listed("up down to into onto over under times twice once thrice degrees steps")
TAKES_OBJECT = listed("open close punch kick push pull lift lower raise throw catch grab hit strike slap")
STATIVES = listed("be have wear seem feel want need")
PREPARING, CLOSING = STATIVES | listed("bend reach lean breathe"), listed("land listen wait watch")
