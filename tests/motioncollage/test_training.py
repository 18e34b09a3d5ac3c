"""The training loop: resuming changes nothing, the average lags behind, broken runs stop with a reason."""

import json
import signal
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from motioncollage.training import Trainer, TrainingLog, TrainingSettings, save_atomically, step_generator


class Regression:
    """y = A x + noise, drawn anew at each step."""

    truth = torch.tensor([[1.0, -2.0, 0.5, 0.0]])

    def training_terms(self, model: nn.Module, step: int, generator: torch.Generator) -> dict[str, Tensor]:
        x = torch.randn(16, 4, generator=generator)
        error = model(x) - x @ self.truth.T
        return {
            "fit": error.square().mean(),
            "size": 1e-3 * sum(p.square().sum() for p in model.parameters()),
        }

    @torch.no_grad()
    def validation_loss(self, model: nn.Module) -> float:
        x = torch.randn(64, 4, generator=torch.Generator().manual_seed(5))
        return float((model(x) - x @ self.truth.T).square().mean())


def network(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Dropout(0.2), nn.Linear(8, 1))


def settings(**changes: object) -> TrainingSettings:
    usual: dict[str, object] = {"steps": 40, "warmup": 5, "learning_rate": 1e-2, "precision": "float32"}
    return TrainingSettings(**{**usual, "validate_every": 10, **changes})  # type: ignore[arg-type]


def interrupt_at(stop: int):  # type: ignore[no-untyped-def]
    def report(step: int, figures: dict[str, float]) -> None:
        if step == stop:
            signal.raise_signal(signal.SIGTERM if stop % 2 else signal.SIGINT)

    return report


@pytest.mark.parametrize("stops", [[17], [1, 30, 39]])
def test_resumed_run_is_identical_to_an_uninterrupted_one(tmp_path: Path, stops: list[int]) -> None:
    whole = Trainer(network(), Regression(), settings(), checkpoint=tmp_path / "whole.pt")
    figures: list[tuple[int, dict[str, float]]] = []
    assert whole.run(lambda step, values: figures.append((step, values))) == 40

    later: list[tuple[int, dict[str, float]]] = []
    for part, stop in enumerate(stops):
        # Another initialisation and another global seed: neither may matter after resuming.
        piece = Trainer(network(seed=part), Regression(), settings(), checkpoint=tmp_path / "parts.pt")
        assert piece.run(interrupt_at(stop)) == stop
    torch.manual_seed(99)
    resumed = Trainer(network(seed=7), Regression(), settings(), checkpoint=tmp_path / "parts.pt")
    assert resumed.step == stops[-1]
    assert resumed.run(lambda step, values: later.append((step, values))) == 40

    assert later == figures[stops[-1] :]
    for ours, theirs in ((whole.model, resumed.model), (whole.average, resumed.average)):
        for name, value in ours.state_dict().items():
            assert torch.equal(value, theirs.state_dict()[name]), name
    assert whole.best == resumed.best


def test_loss_falls_and_the_sum_of_the_terms_is_reported(tmp_path: Path) -> None:
    seen: list[dict[str, float]] = []
    trainer = Trainer(network(), Regression(), settings(steps=150), checkpoint=tmp_path / "a" / "run.pt")
    before = Regression().validation_loss(trainer.average)
    trainer.run(lambda step, values: seen.append(values))
    assert Regression().validation_loss(trainer.average) < 0.3 * before
    assert seen[3]["loss"] == pytest.approx(seen[3]["fit"] + seen[3]["size"])
    assert [step + 1 for step, values in enumerate(seen) if "validation" in values] == list(
        range(10, 151, 10)
    )


def test_best_file_holds_the_average_of_the_best_validation(tmp_path: Path) -> None:
    trainer = Trainer(network(), Regression(), settings(), checkpoint=tmp_path / "run.pt", about="toy")
    trainer.run()
    best = torch.load(tmp_path / "best.pt", weights_only=True)
    assert best["about"] == "toy"
    assert best["validation"] == trainer.best
    model = network(seed=3).eval()
    model.load_state_dict(best["model"])
    assert Regression().validation_loss(model) == pytest.approx(best["validation"])


def test_average_follows_the_weights_slowly(tmp_path: Path) -> None:
    trainer = Trainer(
        network(), Regression(), settings(steps=1, ema_decay=0.999), checkpoint=tmp_path / "run.pt"
    )
    start = [p.clone() for p in trainer.average.parameters()]
    trainer.run()
    # Early on the average forgets faster, with decay (1 + n) / (10 + n) after n steps.
    for old, new, average in zip(
        start, trainer.model.parameters(), trainer.average.parameters(), strict=True
    ):
        torch.testing.assert_close(average, torch.lerp(old, new.detach(), 1 - 2 / 11))
    assert not any(p.requires_grad for p in trainer.average.parameters())
    assert not trainer.average.training


def test_checkpoint_of_another_run_is_refused(tmp_path: Path) -> None:
    Trainer(network(), Regression(), settings(steps=1), checkpoint=tmp_path / "run.pt", about="walk").run()
    with pytest.raises(ValueError, match="was written by another run"):
        Trainer(network(), Regression(), settings(), checkpoint=tmp_path / "run.pt", about="dance")


@pytest.mark.parametrize("contents", [b"", b"PK\x03\x04 cut short", None, {"step": 3}])
def test_damaged_checkpoint_is_named(tmp_path: Path, contents: object) -> None:
    path = tmp_path / "run.pt"
    if isinstance(contents, bytes):
        path.write_bytes(contents)
    else:
        torch.save(contents, path)
    with pytest.raises(
        ValueError, match=r"run\.pt is damaged or no checkpoint of a training .*; move it away"
    ):
        Trainer(network(), Regression(), settings(), checkpoint=path)


def test_checkpoint_of_another_shape_is_refused(tmp_path: Path) -> None:
    Trainer(network(), Regression(), settings(steps=1), checkpoint=tmp_path / "run.pt").run()
    with pytest.raises(ValueError, match="does not fit this model"):
        Trainer(nn.Linear(4, 1), Regression(), settings(), checkpoint=tmp_path / "run.pt")


def test_loss_that_is_not_a_number_stops_the_run(tmp_path: Path) -> None:
    class Broken(Regression):
        def training_terms(
            self, model: nn.Module, step: int, generator: torch.Generator
        ) -> dict[str, Tensor]:
            terms = super().training_terms(model, step, generator)
            return {name: term * (torch.nan if step == 2 else 1.0) for name, term in terms.items()}

    trainer = Trainer(network(), Broken(), settings(), checkpoint=tmp_path / "run.pt")
    with pytest.raises(ValueError, match="loss is nan at step 2; lower the learning rate"):
        trainer.run()


def test_learning_rate_rises_stays_and_falls() -> None:
    schedule = TrainingSettings(steps=1000, learning_rate=1.0, warmup=10, decay=0.25)
    rates = [schedule.learning_rate_at(step) for step in range(1000)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[9:750] == [1.0] * 741
    assert rates[875] == pytest.approx(0.5)
    assert rates[-1] == 0.01
    with pytest.raises(ValueError, match="steps is 0"):
        TrainingSettings(steps=0)
    with pytest.raises(ValueError, match="precision is 'half'"):
        TrainingSettings(precision="half")


def test_generators_of_steps_differ() -> None:
    drawn = {
        float(torch.rand((), generator=step_generator(seed, step)))
        for seed in range(3)
        for step in range(200)
    }
    assert len(drawn) > 590
    first = torch.rand(4, generator=step_generator(1, 5))
    assert torch.equal(first, torch.rand(4, generator=step_generator(1, 5)))


def test_failed_save_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "run.pt"
    save_atomically({"step": 1}, path)
    with pytest.raises(Exception, match="pickle"):
        save_atomically({"step": lambda: None}, path)
    assert torch.load(path, weights_only=True) == {"step": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["run.pt"]


def test_a_run_without_a_file_leaves_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    trainer = Trainer(network(), Regression(), settings(validate_every=0), checkpoint=None)
    kept = Trainer(network(), Regression(), settings(validate_every=0), checkpoint=tmp_path / "a" / "run.pt")
    seen: list[dict[str, float]] = []
    assert trainer.run(lambda step, values: seen.append(values)) == kept.run() == 40
    assert not any("validation" in values for values in seen)
    for ours, theirs in zip(trainer.average.parameters(), kept.average.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    assert [file.name for file in tmp_path.rglob("*") if file.is_file()] == ["run.pt"]


def test_checkpoints_come_by_steps_too(tmp_path: Path) -> None:
    path, saved = tmp_path / "run.pt", {}
    trainer = Trainer(network(), Regression(), settings(steps=7, checkpoint_steps=3), checkpoint=path)
    trainer.run(
        lambda step, values: saved.update({step: torch.load(path)["step"] if path.exists() else None})
    )
    assert [saved[step] for step in range(1, 8)] == [None, None, 3, 3, 3, 6, 6]
    assert torch.load(path)["step"] == 7


def test_parts_of_a_description_that_differ_are_named(tmp_path: Path) -> None:
    path = tmp_path / "run.pt"
    about = {"model": "small", "data": "walks", "seed": "0"}
    Trainer(network(), Regression(), settings(steps=1), checkpoint=path, about=about).run()
    assert Trainer(network(), Regression(), settings(), checkpoint=path, about=about).step == 1
    with pytest.raises(ValueError, match="with other data and seed"):
        Trainer(
            network(), Regression(), settings(), checkpoint=path, about={**about, "data": "runs", "seed": "1"}
        )


def test_vectors_can_be_left_without_decay() -> None:
    spared = Trainer(
        network(), Regression(), settings(decay_vectors=False, weight_decay=0.3), checkpoint=None
    )
    decays = {
        parameter.ndim: group["weight_decay"]
        for group in spared.optimizer.param_groups
        for parameter in group["params"]
    }
    assert decays == {2: 0.3, 1: 0.0}


def test_global_randomness_is_left_as_it_was() -> None:
    trainer = Trainer(network(), Regression(), settings(steps=2), checkpoint=None)
    torch.manual_seed(3)
    before = torch.get_rng_state()
    trainer.run()
    assert torch.equal(torch.get_rng_state(), before)


def test_cosine_falls_to_zero() -> None:
    schedule = TrainingSettings(steps=100, learning_rate=2.0, warmup=10, schedule="cosine")
    assert schedule.learning_rate_at(0) == pytest.approx(0.2)
    assert schedule.learning_rate_at(9) == schedule.learning_rate_at(10) == 2.0
    assert schedule.learning_rate_at(55) == pytest.approx(1.0)
    assert schedule.learning_rate_at(100) == pytest.approx(0.0)


def test_no_row_of_a_log_is_there_twice(tmp_path: Path) -> None:
    """A run that was killed at step 9 goes on from its checkpoint at step 4."""
    path = tmp_path / "log.jsonl"
    with TrainingLog(path, every=2) as log:
        for step in range(1, 10):
            log.add(step, {"loss": float(step)})
    with path.open("a") as file:
        file.write('{"step": 10, "lo')
    with TrainingLog(path, every=2) as log:
        assert len(path.read_text().splitlines()) == 5
        for step in range(5, 12):
            log.add(step, {"loss": float(step)})
    assert [json.loads(line)["step"] for line in path.read_text().splitlines()] == [2, 4, 6, 8, 10]
