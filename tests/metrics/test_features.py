"""The features against pytorch-fid and the plain networks, their weights' verification, and what is kept."""

import os
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from chestgan.base.errors import UserError
from chestgan.metrics import efficientnet as lite0
from chestgan.metrics import features, inception


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """Give five images of 48 × 48: noise, gradients, black and white."""
    random = np.random.default_rng(0)
    gradient = np.linspace(0, 255, 48).astype(np.uint8) * np.ones((48, 1), np.uint8)
    noise = random.integers(0, 256, (2, 48, 48), dtype=np.uint8)
    return np.stack([*noise, gradient, np.zeros_like(gradient), np.full_like(gradient, 255)])


@pytest.fixture(scope="module")
def efficientnet() -> features.Extractor:
    return features.load_extractor("fd_efficientnet_lite0")


@pytest.fixture
def no_network(monkeypatch):
    """Fail on any connection."""

    def connect(*arguments):
        raise AssertionError("something went to the network")

    monkeypatch.setattr("socket.socket.connect", connect)
    monkeypatch.setattr("socket.getaddrinfo", connect)


class TestEfficientNet:
    def test_says_what_it_is(self, efficientnet):
        assert efficientnet.name == "fd_efficientnet_lite0"
        assert efficientnet.weights_sha256 == lite0.SHA256
        assert efficientnet.verified
        assert "bicubic, antialiased" in efficientnet.protocol

    def test_is_the_plain_network_on_images_resized_by_hand(self, efficientnet, images):
        resized = torch.nn.functional.interpolate(
            torch.from_numpy(images)[:, None].float(), size=(128, 128), mode="bicubic", antialias=True
        )
        batch = ((resized.clamp(0, 255) - 127) / 128).repeat(1, 3, 1, 1)
        with torch.inference_mode():
            expected = lite0.load_network().extract_features(batch).mean(dim=(2, 3)).numpy()
        found = features.extract(efficientnet, images)
        assert found.shape == (5, 1280)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, atol=1e-4)

    def test_tells_noise_from_a_gradient(self, efficientnet, images):
        found = features.extract(efficientnet, images)
        # two noises are nearer to each other than to a gradient
        assert np.linalg.norm(found[0] - found[1]) < 0.5 * np.linalg.norm(found[0] - found[2])

    def test_sees_image_by_image(self, efficientnet, images):
        together = features.extract(efficientnet, images, batch_size=5)
        # some processors sum in another order for another number of images
        rounding = {"rtol": 1e-5, "atol": 1e-5}
        for batch_size in (1, 2):
            np.testing.assert_allclose(features.extract(efficientnet, images, batch_size), together, **rounding)
        np.testing.assert_allclose(features.extract(efficientnet, images[::-1]), together[::-1], **rounding)

    def test_gives_the_same_bits_again_and_within_mixed_precision(self, efficientnet, images):
        found = features.extract(efficientnet, images)
        with torch.autocast("cpu", torch.bfloat16):
            np.testing.assert_array_equal(features.extract(efficientnet, images), found)

    def test_takes_a_memory_map_and_no_images(self, efficientnet, images, tmp_path):
        np.save(tmp_path / "images.npy", images)
        mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
        np.testing.assert_array_equal(features.extract(efficientnet, mapped), features.extract(efficientnet, images))
        assert features.extract(efficientnet, images[:0]).shape == (0, 1280)

    def test_is_frozen(self, efficientnet):
        assert not efficientnet.network.training
        assert not any(parameter.requires_grad for parameter in efficientnet.network.parameters())

    def test_a_damaged_package_is_refused(self, monkeypatch, tmp_path):
        damaged = tmp_path / "models" / lite0.FILE
        damaged.parent.mkdir()
        damaged.write_bytes(b"half")
        monkeypatch.setattr("chestgan.metrics.efficientnet.resources.files", lambda package: tmp_path)
        with pytest.raises(UserError, match=r"hold 4 bytes with sha256 \w{64}; expected sha256 57934.*install"):
            features.load_extractor("fd_efficientnet_lite0")
        damaged.unlink()
        with pytest.raises(UserError, match=r"efficientnet-lite0-57934424.pth are missing.*install"):
            lite0.load_network()


class TestInception:
    def test_is_pytorch_fids_own_on_the_same_png(self, fake_inception_weights, images, tmp_path, no_network):
        from pytorch_fid import fid_score, inception

        paths = [tmp_path / f"{i}.png" for i in range(len(images))]
        for path, image in zip(paths, images, strict=True):
            Image.fromarray(image).save(path)
        extractor = features.load_extractor("fid", fake_inception_weights, allow_unverified=True)
        with pytest.MonkeyPatch.context() as patch:
            state = torch.load(fake_inception_weights, weights_only=True)
            patch.setattr(inception, "load_state_dict_from_url", lambda url, progress: state)
            network = inception.InceptionV3([3])
        expected = fid_score.get_activations(paths, network, batch_size=5, num_workers=0)
        found = features.extract(extractor, images)
        assert found.shape == (5, 2048)
        assert expected.std(axis=0).mean() > 1e-3, "the fake weights tell images apart"
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)

    def test_another_file_passes_only_by_the_override_and_is_told(self, fake_inception_weights):
        extractor = features.load_extractor("fid", fake_inception_weights, allow_unverified=True)
        assert not extractor.verified
        assert extractor.weights_sha256 != inception.SHA256
        assert "not antialiased" in extractor.protocol

    def test_leaves_pytorch_fid_as_it_was(self, fake_inception_weights):
        from pytorch_fid import inception

        before = inception.load_state_dict_from_url
        features.load_extractor("fid", fake_inception_weights, allow_unverified=True)
        assert inception.load_state_dict_from_url is before

    def test_a_wrong_file_is_refused_before_the_network_is_built(self, fake_inception_weights, monkeypatch, no_network):
        monkeypatch.setattr(inception, "_build", lambda path: pytest.fail("the network was built"))
        with pytest.raises(UserError) as error:
            features.load_extractor("fid", fake_inception_weights)
        size = fake_inception_weights.stat().st_size
        assert_tells_everything(str(error.value), fake_inception_weights)
        assert f"found {size} bytes and sha256" in str(error.value)
        assert len(re.findall(r"\b[0-9a-f]{64}\b", str(error.value))) == 2

    def test_a_truncated_file_is_called_so(self, tmp_path):
        path = tmp_path / "half.pth"
        path.write_bytes(b"PK" * 100)
        with pytest.raises(UserError, match=r"half.pth are truncated: found 200 bytes") as error:
            features.load_extractor("fid", path)
        assert_tells_everything(str(error.value), path)

    def test_a_missing_file_is_told_with_where_it_was_sought(self, tmp_path, monkeypatch, no_network):
        with pytest.raises(UserError, match="missing") as error:
            features.load_extractor("fid", tmp_path / "none.pth")
        assert_tells_everything(str(error.value), tmp_path / "none.pth")
        monkeypatch.setenv("TORCH_HOME", str(tmp_path))
        with pytest.raises(UserError, match="missing") as error:
            features.load_extractor("fid")
        assert_tells_everything(str(error.value), tmp_path / "hub" / "checkpoints" / inception.FILE)

    def test_without_a_path_torchs_cache_is_used(self, tmp_path, monkeypatch):
        monkeypatch.setenv("TORCH_HOME", str(tmp_path))
        cached = tmp_path / "hub" / "checkpoints" / inception.FILE
        cached.parent.mkdir(parents=True)
        cached.write_bytes(b"half")
        with pytest.raises(UserError, match="truncated: found 4 bytes"):
            features.load_extractor("fid")

    def test_an_images_weights_come_before_torchs_cache_and_after_a_path(
        self, fake_inception_weights, tmp_path, monkeypatch, no_network
    ):
        monkeypatch.setenv("TORCH_HOME", str(tmp_path))
        monkeypatch.setenv("CHESTGAN_WEIGHTS", str(tmp_path / "image"))
        places = [tmp_path / "image", tmp_path / "hub" / "checkpoints"]
        with pytest.raises(UserError, match="missing") as error:
            features.load_extractor("fid")
        for place in places:
            assert_tells_everything(str(error.value), place / inception.FILE)
        for place, content in zip(places, (b"half", b"a third"), strict=True):
            place.mkdir(parents=True)
            (place / inception.FILE).write_bytes(content)
        with pytest.raises(UserError, match="truncated: found 4 bytes"):
            features.load_extractor("fid")
        assert features.load_extractor("fid", fake_inception_weights, allow_unverified=True).name == "fid"

    @pytest.mark.parametrize("content", ["garbage", "another network"])
    def test_what_isnt_these_weights_is_refused_under_the_override_too(self, content, tmp_path):
        path = tmp_path / "other.pth"
        path.write_bytes(b"garbage")
        if content == "another network":
            torch.save({"weight": torch.zeros(3)}, path)
        with pytest.raises(UserError, match=r"don't fit pytorch-fid's network: ."):
            features.load_extractor("fid", path, allow_unverified=True)


def assert_tells_everything(message: str, path: Path) -> None:
    """Check that the message has the file's name, size, checksum, the path that was tried, and where to get it."""
    for part in (inception.FILE, "95628359", inception.SHA256, str(path), inception.URL):
        assert part in message


def test_an_unknown_extractor_is_refused_with_the_nearest():
    with pytest.raises(UserError, match=r"unknown extractor 'fidd'.*did you mean 'fid'"):
        features.load_extractor("fidd")


class TestKeptFeatures:
    def test_are_not_computed_again(self, efficientnet, images, tmp_path, monkeypatch):
        computed = features.kept_features(efficientnet, images, tmp_path / "kept")
        monkeypatch.setattr(features, "extract", lambda *arguments: pytest.fail("computed again"))
        np.testing.assert_array_equal(features.kept_features(efficientnet, images, tmp_path / "kept"), computed)

    def test_of_other_images_or_another_extractor_are_never_taken(self, efficientnet, images, tmp_path):
        from dataclasses import replace

        features.kept_features(efficientnet, images, tmp_path)
        for changes in ({"weights_sha256": "0"}, {"protocol": "another"}, {"name": "fid"}):
            features.kept_features(replace(efficientnet, **changes), images, tmp_path)
        changed = images.copy()
        changed[0, 0, 0] ^= 1
        found = features.kept_features(efficientnet, changed, tmp_path)
        np.testing.assert_array_equal(found, features.extract(efficientnet, changed))
        features.kept_features(efficientnet, images.reshape(5, 24, 96), tmp_path)
        assert len(list(tmp_path.iterdir())) == 6

    @pytest.mark.parametrize("damage", ["truncated", "empty", "garbage", "flipped", "short", "zeros", "fifo"])
    def test_that_are_damaged_are_computed_again(self, efficientnet, images, tmp_path, damage):
        computed = features.kept_features(efficientnet, images, tmp_path)
        (path,) = tmp_path.iterdir()
        whole = path.read_bytes()
        if damage in ("short", "zeros"):
            with np.load(path) as kept:
                parts = dict(kept)
            with path.open("wb") as file:
                np.savez(file, **parts | {"features": computed[:-1] if damage == "short" else np.zeros_like(computed)})
        elif damage == "fifo":
            path.unlink()
            os.mkfifo(path)
        else:
            middle = len(whole) // 2
            flipped = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
            damaged = {"truncated": whole[:-1], "empty": b"", "garbage": b"\x80" * 99, "flipped": flipped}
            path.write_bytes(damaged[damage])
        np.testing.assert_array_equal(features.kept_features(efficientnet, images, tmp_path), computed)
        assert path.read_bytes() == whole

    def test_appear_whole_or_not_at_all(self, efficientnet, images, tmp_path, monkeypatch):
        def full_disk(file, **arrays):
            file.write(b"half")
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(features.np, "savez", full_disk)
        with pytest.raises(OSError, match="No space"):
            features.kept_features(efficientnet, images, tmp_path)
        assert list(tmp_path.iterdir()) == []

    def test_none_are_kept_without_a_folder(self, efficientnet, images, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        features.kept_features(efficientnet, images, None)
        assert list(tmp_path.iterdir()) == []
