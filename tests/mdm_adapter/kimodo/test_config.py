"""`config.yaml`: what is found wherever it stands in the tree, and files that lead astray."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kimodo_toys import FOLDER_CONFIG

from mdm_adapter.models.kimodo.config import CONFIG, FolderConfig, read_config

pytest.importorskip("yaml")


def read(folder: Path, text: str = FOLDER_CONFIG) -> FolderConfig:
    (folder / CONFIG).write_text(text, encoding="utf-8")
    return read_config(folder)


def test_a_tree_is_understood(tmp_path: Path) -> None:
    config = read(tmp_path)
    assert config.skeleton == "soma30"
    assert (config.fps, config.base_steps, config.guidance) == (30.0, 1000, "separated")
    assert (config.weights, config.statistics) == ("model.safetensors", "stats/motion")
    network = config.network
    assert (network.text_width, network.text_tokens, network.latent_dim, network.num_layers) == (8, 3, 16, 1)
    assert network.first_heading
    assert not network.norm_first
    assert network.motion_mask_mode == "concat"


def test_defaults_of_the_published_classes(tmp_path: Path) -> None:
    left_out = ("input_first", "num_text_tokens", "cfg_type", "ckpt_path", "stats_path", "motion_mask_mode")
    short = "\n".join(
        line for line in FOLDER_CONFIG.splitlines() if not any(part in line for part in left_out)
    )
    config = read(tmp_path, short)
    assert not config.network.first_heading
    assert config.network.text_tokens == 1
    assert config.network.motion_mask_mode == "none"
    assert (config.guidance, config.weights, config.statistics) == (
        "nocfg",
        "model.safetensors",
        "stats/motion",
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("SOMASkeleton30", "G1Skeleton34", "it names the G1 robot; supported are SOMASkeleton30"),
        ("SOMASkeleton30", "OtherSkeleton", "it names no skeleton that is known"),
        ("  latent_dim: 16\n", "", "it lacks latent_dim"),
        ("latent_dim: 16", "latent_dim: 1000000000", "latent_dim is 1000000000; expected a whole number"),
        ("latent_dim: 16", "latent_dim: ${width}", "latent_dim is '\\${width}'"),
        ("use_text_mask: false", "use_text_mask: 0", "use_text_mask is 0; expected true or false"),
        ("llm_shape: [1, 8]", "llm_shape: 8", "llm_shape is 8; expected"),
        ("cfg_type: separated", "cfg_type: other", "cfg_type is 'other'"),
        ("fps: 30", "fps: .nan", "fps is nan"),
        ("num_base_steps: 1000", "num_base_steps: 2", "num_base_steps is 2"),
        ("${checkpoint_dir}/model.safetensors", "/etc/passwd.safetensors", "leads out of the folder"),
        (
            "${checkpoint_dir}/model.safetensors",
            "${checkpoint_dir}/../x.safetensors",
            "leads out of the folder",
        ),
        ("${checkpoint_dir}/model.safetensors", "${oc.env:HOME}/x.safetensors", "leads out of the folder"),
        ("model.safetensors", "model.pt", "only safetensors are read, which cannot carry code"),
        ("[1, 8]", "&a [1, 8]\n  other: *a", "it refers to itself"),
        ("kimodo.model.Kimodo", "[", "no YAML"),
        ("kimodo.model.Kimodo", "!!python/object/apply:os.getcwd []", "no YAML"),
    ],
)
def test_trees_that_lead_astray(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in FOLDER_CONFIG
    with pytest.raises(ValueError, match=message) as caught:
        read(tmp_path, FOLDER_CONFIG.replace(old, new))
    assert str(tmp_path / CONFIG) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"config\.yaml is missing; give a folder as the hub ships it"):
        read_config(tmp_path)
    with pytest.raises(ValueError, match="it holds no tree of names and values"):
        read(tmp_path, "- 1\n- 2\n")
    with pytest.raises(ValueError, match="larger than 1 MiB"):
        read(tmp_path, "#" * (2 << 20))
    with pytest.raises(ValueError, match=r"levels deep|no YAML"):
        read(tmp_path, "a: " + "{a: " * 200 + "1" + "}" * 200)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200))
def test_whatever_is_in_a_file_the_answer_is_a_line(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    folder = tmp_path_factory.mktemp("any")
    with pytest.raises(ValueError, match=r"config\.yaml") as caught:
        read(folder, text)
    assert "\n" not in str(caught.value)
