"""Which check judges which actions, and in which other actions it may rightly find the same."""

from functools import partial

from eval.checks import (
    dance,
    defence,
    exercise,
    floor,
    gestures,
    jumps,
    kicks,
    locomotion,
    objects,
    punches,
    stance,
    terrain,
    transitions,
)
from eval.checks import families as of
from eval.checks.check import ActionCheck, Anywhere, Judge
from eval.checks.families import Slugs, named
from eval.checks.kinematics import SIDES

NONE: Slugs = frozenset()
LONG = (4.5,)  # seconds that it takes to see a dance, a form or a row of signs
WAYS = (("left", 1), ("right", -1))


def one(slug: str, judge: Judge, compatible: Slugs = NONE) -> ActionCheck:
    """A check of one action, called like it."""
    return ActionCheck(slug, (slug,), judge, compatible - {slug})


def somewhere(
    slug: str, judge: Judge, compatible: Slugs = NONE, *, seconds: tuple[float, ...] = (2.5, 4.5)
) -> ActionCheck:
    """The same of a judge that counts over whole takes: it looks for the stretch in which the action
    happened."""
    return one(slug, Anywhere(judge, seconds), compatible)


WALKING = (
    one("walk", partial(locomotion.walks, tolerance=12.0, pace=0.6), of.WALKS | of.RUNS | of.APPROACHES),
    one(
        "walk-back",
        partial(locomotion.walks, centre=180.0, tolerance=40.0),
        of.BACK_WALKS | of.BACK_RUNS | named("retreat"),
    ),
    *(
        one(
            f"walk-diagonal-{side}",
            partial(locomotion.walks, centre=37.0 * way, tolerance=25.0, pace=0.55),
            of.WALKS - named("walk") | named("advance"),
        )
        for side, way in WAYS
    ),
    *(
        one(f"walk-turn-{side}", partial(locomotion.walks_bending, way=way, degrees=48.0), of.TURNS)
        for side, way in WAYS
    ),
    one("walk-turn-around", partial(locomotion.walks_bending, way=0, degrees=135.0), of.TURNS),
    one(
        "walk-change-direction", partial(locomotion.walks_bending, way=0, degrees=45.0, limit=150.0), of.TURNS
    ),
    one(
        "walk-back-and-forth", partial(transitions.goes_back_and_forth, gait="walk", turn=False), of.BACK_RUNS
    ),
    one(
        "walk-back-turn-around",
        partial(transitions.goes_back_and_forth, gait="walk", turn=True),
        of.BACK_RUNS,
    ),
    one("start-walking", partial(transitions.starts, gait="walk"), of.WALKS | of.RUNS | of.APPROACHES),
    one("stop-walking", partial(transitions.stops, gait="walk"), of.WALKS | of.RUNS | of.APPROACHES),
    one("walk-uneven", terrain.walks_rough),
    one("sneak", terrain.sneaks),
    *(
        somewhere(
            f"{verb}-{what}",
            partial(terrain.climbs, way=way, ladder=what == "ladder"),
            named(f"{verb}-stairs {verb}-ladder"),
        )
        for verb, way in (("climb", 1), ("descend", -1))
        for what in ("stairs", "ladder")
    ),
    *(
        one(f"side-step-{side}", partial(stance.side_steps, way=way), named(f"duck-{side}"))
        for side, way in WAYS
    ),
)

RUNNING = (
    one("run", locomotion.runs, of.RUNS | of.APPROACHES),
    one("dash", partial(locomotion.runs, pace=2.7, index=1.2), of.RUNS | of.APPROACHES),
    one("run-back", partial(locomotion.runs, centre=180.0, tolerance=45.0), of.BACK_RUNS),
    *(
        one(f"run-turn-{side}", partial(locomotion.runs_bending, way=way, degrees=24.0), of.TURNS)
        for side, way in WAYS
    ),
    one("run-turn-around", partial(locomotion.runs_bending, way=0, degrees=135.0), of.TURNS),
    one("run-change-direction", partial(locomotion.runs_bending, way=0, degrees=35.0, limit=150.0), of.TURNS),
    one("run-back-and-forth", partial(transitions.goes_back_and_forth, gait="run", turn=False)),
    one("run-back-turn-around", partial(transitions.goes_back_and_forth, gait="run", turn=True)),
    one("start-running", partial(transitions.starts, gait="run"), of.RUNS | of.APPROACHES),
    one("stop-running", partial(transitions.stops, gait="run", rest=0.6), of.RUNS | of.APPROACHES),
    one(
        "walk-to-run", partial(transitions.changes_gait, first="walk", second="run"), of.RUNS | of.APPROACHES
    ),
    one(
        "run-to-walk", partial(transitions.changes_gait, first="run", second="walk"), of.RUNS | of.APPROACHES
    ),
    one("run-stop-run", transitions.pauses, of.RUNS),
    *(
        somewhere(
            f"run-side-step-{side}",
            partial(terrain.cuts, way=way),
            named(f"run-turn-{side}"),
            seconds=(1.6, 2.5),
        )
        for side, way in WAYS
    ),
    one("duck-under-running", terrain.ducks_running, named("dive-roll")),
    somewhere("jog-in-place", terrain.jogs_in_place),
)

JUMPING = (
    one("jump", partial(jumps.jumps, path=(-0.35, 0.4), seconds=0.2), of.JUMPS),
    one("jump-forward", partial(jumps.jumps, path=(0.4, 2.5), seconds=0.2, lift=0.1), of.JUMPS),
    one("hop-forward", jumps.hops_forward, of.JUMPS),
    *(somewhere(f"hop-{side}-foot", partial(jumps.hops_on, side=side), named("skip")) for side in SIDES),
    somewhere("jumping-jacks", jumps.jumping_jacks),
    one("squat-jump", jumps.squat_jumps, of.JUMPS),
    somewhere("skip", jumps.skips),
    one("hop-while-walking", partial(jumps.leaps, seconds=0.2, lift=0.25, path=0.8, pace=1.4), of.JUMPS),
    one("leap", partial(jumps.leaps, seconds=0.3, lift=0.35, path=1.4, pace=1.4), of.JUMPS),
    one(
        "jump-over-running",
        partial(jumps.leaps, seconds=0.25, lift=0.45, path=1.5, pace=2.0, index=1.0),
        of.JUMPS,
    ),
    one("run-over-obstacle", jumps.clears, of.JUMPS),
    one("run-jump-stop-run", jumps.runs_jumps_stops),
)

FORMS = named("martial-arts")
KICKING = (
    ActionCheck(
        "kick", ("kick",), partial(kicks.kicks, sides=SIDES, style=kicks.any_way), of.KICKS - {"kick"} | FORMS
    ),
    one("kick-front", partial(kicks.kicks, sides=SIDES, style=kicks.front), FORMS),
    one("kick-back", partial(kicks.kicks, sides=SIDES, style=kicks.backward), FORMS),
    one("kick-axe", partial(kicks.kicks, sides=SIDES, style=kicks.axe), FORMS),
    one("kick-capoeira", partial(kicks.kicks, sides=SIDES, style=kicks.inverted), FORMS | named("cartwheel")),
    one("kick-jump", partial(kicks.kicks, sides=SIDES, style=kicks.in_the_air), FORMS | of.JUMPS),
    one("kick-spinning-back", partial(kicks.kicks, sides=SIDES, style=kicks.spinning_back), FORMS),
    one("kick-double", kicks.kicks_twice, FORMS),
    one("kick-soccer-ball", kicks.kicks_ball, of.KICKS),
    *(
        one(f"kick-{name}-{side}", partial(kicks.kicks, sides=(side,), style=style, speed=speed), FORMS)
        for name, style, speed in (
            ("push", kicks.push, 2.0),
            ("side", kicks.sideways, kicks.FOOT_SPEED),
            ("roundhouse", kicks.roundhouse, kicks.FOOT_SPEED),
            ("crescent", kicks.crescent, kicks.FOOT_SPEED),
            ("spinning-crescent", kicks.spinning_crescent, kicks.FOOT_SPEED),
        )
        for side in SIDES
    ),
)

PUNCHING = (
    one(
        "punch", partial(punches.strikes, sides=SIDES, style=punches.straight, speed=1.8), of.PUNCHES | FORMS
    ),
    somewhere("box", punches.boxes, of.PUNCHES | FORMS),
    *(
        one(
            f"punch-{name}-{side}", partial(punches.strikes, sides=(side,), style=style), FORMS | named("box")
        )
        for name, style in (
            ("jab", punches.jab),
            ("body-jab", punches.body_jab),
            ("cross", punches.cross),
            ("body-cross", punches.body_cross),
            ("hook", punches.hook),
            ("body-hook", punches.body_hook),
            ("uppercut", punches.uppercut),
            ("backfist", punches.backfist),
        )
        for side in SIDES
    ),
)

DEFENCE = (
    *(one(f"block-{side}", partial(defence.blocks, sides=(side,)), of.BLOCKS | FORMS) for side in SIDES),
    one("block-low", partial(defence.blocks, sides=SIDES, kinds=(defence.LOW,)), of.BLOCKS | FORMS),
    one("block-both", defence.blocks_with_both),
    *(one(f"dodge-{side}", partial(defence.dodges, way=way), named("box")) for side, way in WAYS),
    *(one(f"duck-{side}", partial(defence.ducks, way=way)) for side, way in WAYS),
    *(somewhere(f"turn-around-{side}", partial(defence.turns_in_place, way=way)) for side, way in WAYS),
    one("fighting-stance", defence.takes_guard, of.FIGHTS),
    one("leave-fighting-stance", defence.leaves_guard),
    somewhere("switch-stance", defence.switches_guard),
    somewhere("bounce", defence.bounces, named("box")),
    one("advance", partial(stance.steps_in_guard, way=1), of.FIGHTS),
    one("retreat", partial(stance.steps_in_guard, way=-1), of.FIGHTS),
    somewhere("martial-arts", dance.performs_form, of.FIGHTS, seconds=LONG),
)

HANDS = of.LEFT_HANDS | of.RIGHT_HANDS | of.BOTH_HANDS | of.GREETINGS
GESTURES = (
    *(
        one(
            f"raise-up-{side}-hand",
            partial(gestures.raises, sides=(side,)),
            hands | of.GREETINGS | named("respond"),
        )
        for side, hands in zip(SIDES, (of.LEFT_HANDS, of.RIGHT_HANDS))
    ),
    one(
        "raise-up-both-hands",
        partial(gestures.raises, sides=SIDES),
        of.BOTH_HANDS | of.GREETINGS | named("reach-up"),
    ),
    *(one(f"wave-{side}-hand", partial(gestures.waves, sides=(side,)), of.GREETINGS) for side in SIDES),
    one("wave-both-hands", partial(gestures.waves, sides=SIDES), of.GREETINGS),
    somewhere("bye", partial(gestures.says_goodbye, both=False), HANDS),
    somewhere("byebye", partial(gestures.says_goodbye, both=True), HANDS),
    one("guide", gestures.points),
    one("bow", gestures.bows, named("call")),
    one("reach-up", gestures.reaches_up),
    somewhere("arm-circles", gestures.circles_arms),
    somewhere("swing-arms", gestures.swings_arms),
    ActionCheck(
        "arm-signals", ("direct-traffic", "referee-signals"), Anywhere(gestures.signals, LONG), HANDS
    ),
)

EXERCISES = (
    somewhere("bend-over-twist", exercise.bends_over_twisting),
    one("reach-up-bend-over", exercise.reaches_up_and_down),
    somewhere("side-stretch", exercise.stretches_aside),
    somewhere("twist-torso", exercise.twists, named("bend-over-twist")),
    somewhere("knee-raises", exercise.raises_knees, named("knee-to-elbow")),
    somewhere("knee-to-elbow", partial(exercise.raises_knees, elbows=True), named("knee-raises")),
    one("balance-left-leg", partial(exercise.balances, side="left")),
    somewhere("sway", exercise.sways),
    one("stand", exercise.stands_still, named("look-around start-walking")),
    somewhere("laugh", exercise.laughs),
)

FLOOR = (
    one("lie", floor.lies, named("lie-down get-up")),
    one("lie-down", floor.lies_down),
    one("get-up", floor.gets_up),
    one("crawl-forward", partial(floor.crawls, way=1), named("lie-down")),
    one("crawl-backward", partial(floor.crawls, way=-1), named("get-up")),
    one("crouch", floor.crouches, of.LOW_DOWN),
    one("rise-from-crouch", floor.rises, of.LOW_DOWN),
    somewhere("squat", floor.squats, of.LOW_DOWN),
    one("sit", floor.sits, of.SEATS),
    one("sit-down", floor.sits_down),
    one("stand-up", floor.stands_up),
    somewhere("sit-swing-legs", floor.swings_legs_seated, of.SEATS),
    one("cartwheel", floor.cartwheels),
    one("dive-roll", floor.rolls),
)

OBJECTS = (
    one("pick-up-box", objects.lifts_box),
    one("put-down-box", objects.puts_down_box),
    one("carry-box", objects.carries, named("pick-up-box put-down-box")),
    somewhere("pick-up", objects.picks_up),
    somewhere("swing-golf-club", objects.swings_club),
    somewhere("slash", objects.slashes, named("swing-golf-club swordplay")),
    one("pitch-baseball", objects.pitches),
    one("dribble-basketball", objects.dribbles, named("shoot-basketball")),
    somewhere("shoot-basketball", objects.shoots),
    somewhere("wash-window", objects.wipes_window),
    one("drink", objects.drinks),
    somewhere("mop-floor", objects.mops),
)

DANCES = (
    somewhere("dance-salsa", dance.dances_salsa, seconds=LONG),
    somewhere("dance-indian", dance.dances, of.DANCES, seconds=LONG),
    somewhere("dance-charleston", dance.dances_charleston, seconds=LONG),
    somewhere("dance-chicken", dance.dances_like_chicken),
)
