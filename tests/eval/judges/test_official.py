import json

import numpy as np
import pytest
import torch
from paths import golden

from eval.judges.official import (
    OfficialDims,
    OfficialEvaluator,
    build_official_evaluator,
    load_official_evaluator,
    load_weights,
)
from eval.judges.words import WordVectoriser


def reference() -> tuple[OfficialEvaluator, dict[str, torch.Tensor]]:
    arrays = {k: torch.from_numpy(v) for k, v in np.load(golden("t2m_eval.npz")).items()}
    weights = load_weights(golden("t2m_eval.pt"))
    return build_official_evaluator(weights, np.zeros(263), np.ones(263)), arrays


def small(vectoriser: WordVectoriser | None = None) -> OfficialEvaluator:
    torch.manual_seed(0)
    return OfficialEvaluator(
        OfficialDims(263, 8, 8, 8, 8, 8, 4, 15), np.zeros(263), np.full(263, 2.0), vectoriser
    )


def test_networks_match_the_reference() -> None:
    evaluator, data = reference()
    with torch.no_grad():
        movements = evaluator.movement_encoder(data["motions"][..., :-4])
    torch.testing.assert_close(movements, data["movements"], rtol=1e-4, atol=1e-5)
    text = evaluator.embed_words(data["word_embs"], data["pos_ohot"], data["cap_lens"])
    torch.testing.assert_close(text, data["text_direct"], rtol=1e-4, atol=1e-5)
    motion = evaluator.embed_motion(data["motions"], data["m_lens"])
    # the reference returns both in order of descending length, ours keeps the input's
    order = data["align_idx"]
    torch.testing.assert_close(text[order], data["text_embedding"], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(motion[order], data["motion_embedding"], rtol=1e-4, atol=1e-5)


def test_dimensions_are_read_from_the_weights() -> None:
    evaluator, _ = reference()
    published = json.loads(golden("t2m_eval.dims.json").read_text())
    assert evaluator.dims == OfficialDims(
        pose=published["dim_pose"],
        movement_hidden=published["dim_movement_enc_hidden"],
        movement_latent=published["dim_movement_latent"],
        motion_hidden=published["dim_motion_hidden"],
        text_hidden=published["dim_text_hidden"],
        embedding=published["dim_coemb_hidden"],
        word=published["dim_word"],
        tags=published["dim_pos_ohot"],
    )


def test_full_size_keys_and_shapes_are_the_releases() -> None:
    published = json.loads(golden("t2m_eval_fullsize_keys.json").read_text())["state_dicts"]
    evaluator = OfficialEvaluator(OfficialDims(), np.zeros(263), np.ones(263))
    for part, shapes in published.items():
        ours = {k: list(v.shape) for k, v in getattr(evaluator, part).state_dict().items()}
        assert ours == shapes


def test_an_embedding_does_not_depend_on_its_neighbours_or_padding() -> None:
    evaluator = small()
    features = torch.randn(5, 260, 263, generator=torch.Generator().manual_seed(0))
    lengths = torch.tensor([120, 40, 77, 196, 260])
    together = evaluator.embed_motion(features, lengths)
    for i, length in enumerate(lengths):
        alone = evaluator.embed_motion(features[i : i + 1, :length], lengths[i : i + 1])
        torch.testing.assert_close(together[i], alone[0])
    garbage = features.clone()
    garbage[1, 40:] = float("nan")
    torch.testing.assert_close(evaluator.embed_motion(garbage, lengths), together)


def test_normalisation_contacts_and_length_floor() -> None:
    evaluator = small()
    features = torch.randn(1, 60, 263, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(
        evaluator.embed_motion(features, torch.tensor([60])),
        evaluator.embed_normalised(features / 2, torch.tensor([60])),
    )
    contacts = features.clone()
    contacts[..., -4:] = 9.0
    torch.testing.assert_close(
        evaluator.embed_motion(contacts, torch.tensor([60])),
        evaluator.embed_motion(features, torch.tensor([60])),
    )
    with pytest.raises(ValueError, match="between 4 and 60"):
        evaluator.embed_motion(features, torch.tensor([61]))
    with pytest.raises(ValueError, match="263"):
        evaluator.embed_motion(features[..., :200], torch.tensor([60]))


def test_motions_longer_than_the_training_length() -> None:
    features = torch.randn(1, 301, 263, generator=torch.Generator().manual_seed(0))
    assert small().embed_motion(features, torch.tensor([301])).shape == (1, 8)


def test_tagged_text_is_embedded_in_order() -> None:
    words = ("unk", "sos", "eos", "a", "man", "walk")
    vectors = np.random.default_rng(0).normal(size=(6, 4))
    evaluator = small(WordVectoriser({w: i for i, w in enumerate(words)}, vectors))
    texts = ["a/DET man/NOUN walk/VERB", "man/NOUN", "walk/VERB a/DET"]
    together = evaluator.embed_text(texts)
    for i, text in enumerate(texts):
        torch.testing.assert_close(evaluator.embed_text([text])[0], together[i])
    with pytest.raises(ValueError, match="without word vectors"):
        small().embed_text(texts)


def release(folder, weights: object) -> None:
    (folder / "text_mot_match/model").mkdir(parents=True)
    (folder / "Comp_v6_KLD01/meta").mkdir(parents=True)
    torch.save(weights, folder / "text_mot_match/model/finest.tar")
    np.save(folder / "Comp_v6_KLD01/meta/mean.npy", np.zeros(263, np.float32))
    np.save(folder / "Comp_v6_KLD01/meta/std.npy", np.ones(263, np.float32))


def test_the_release_is_loaded(tmp_path) -> None:
    evaluator = small()
    parts = ("movement_encoder", "text_encoder", "motion_encoder")
    weights = {part: getattr(evaluator, part).state_dict() for part in parts}
    release(tmp_path, {**weights, "epoch": 7, "opt_motion_encoder": {"state": {}, "param_groups": []}})
    loaded = load_official_evaluator(tmp_path)
    features = torch.randn(2, 50, 263, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(
        loaded.embed_motion(features * 2, torch.tensor([50, 44])),
        evaluator.embed_motion(features * 4, torch.tensor([50, 44])),
    )
    assert not any(parameter.requires_grad for parameter in loaded.parameters())


def test_missing_files_and_wrong_weights_are_named(tmp_path) -> None:
    with pytest.raises(FileNotFoundError, match=r"finest.tar is missing: the weights"):
        load_official_evaluator(tmp_path)
    release(tmp_path, {"epoch": 1})
    with pytest.raises(ValueError, match="lacks movement_encoder"):
        load_official_evaluator(tmp_path)
    (tmp_path / "text_mot_match/model/finest.tar").write_bytes(b"nonsense")
    with pytest.raises(ValueError, match="cannot be read as plain weights"):
        load_official_evaluator(tmp_path)


def test_weights_that_run_code_are_refused(tmp_path) -> None:
    release(tmp_path, {"movement_encoder": torch.nn.Linear})  # a class: needs the full unpickler
    with pytest.raises(ValueError, match="cannot be read as plain weights"):
        load_official_evaluator(tmp_path)


def test_bad_statistics_are_refused() -> None:
    with pytest.raises(ValueError, match="not positive"):
        OfficialEvaluator(OfficialDims(263, 8, 8, 8, 8, 8, 4, 15), np.zeros(263), np.zeros(263))
    with pytest.raises(ValueError, match="has 3 numbers"):
        OfficialEvaluator(OfficialDims(263, 8, 8, 8, 8, 8, 4, 15), np.zeros(3), np.ones(263))
