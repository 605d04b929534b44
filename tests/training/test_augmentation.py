import pytest
import torch
from torch import Tensor
from torchvision.transforms import functional

from depthtransfer.training.augmentation import Augmentation, Draws, augment, draw, normalize, transform

CIFAR = Augmentation(crop_padding=4, flip=True, rotation_degrees=10.0)

# Pixels whose source lies on the border between two may round either way.
AGREEMENT_OF_ROTATIONS = 0.999


def random_images(count: int = 32, channels: int = 3, height: int = 32, width: int = 32) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    shape = (count, channels, height, width)
    return torch.randint(1, 256, shape, generator=generator, dtype=torch.uint8)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def one_by_one(images: Tensor, draws: Draws, augmentation: Augmentation, as_pil: bool = False) -> Tensor:
    """torchvision's crop, flip and rotation in sequence, with the same parameters."""
    padding, (height, width) = augmentation.crop_padding, images.shape[-2:]
    results = []
    for image, top, left, flip, angle in zip(
        images,
        draws.top.tolist(),
        draws.left.tolist(),
        draws.flip.tolist(),
        draws.angle.tolist(),
        strict=True,
    ):
        result = functional.crop(functional.pad(image, [padding]), top, left, height, width)
        result = functional.hflip(result) if flip else result
        if augmentation.rotation_degrees and as_pil:
            result = functional.pil_to_tensor(functional.rotate(functional.to_pil_image(result), angle))
        elif augmentation.rotation_degrees:
            result = functional.rotate(result, angle)
        results.append(result)
    return torch.stack(results)


@pytest.mark.parametrize(("channels", "size"), [(3, (32, 32)), (1, (8, 8)), (3, (9, 14))])
@pytest.mark.parametrize("augmentation", [Augmentation(4, True), Augmentation(1), Augmentation(0, True)])
def test_crop_and_flip_are_torchvisions(augmentation: Augmentation, channels: int, size: tuple[int, int]) -> None:
    images = random_images(32, channels, *size)
    draws = draw(32, augmentation, seeded())
    assert torch.equal(transform(images, draws, augmentation), one_by_one(images, draws, augmentation))


@pytest.mark.parametrize("as_pil", [False, True], ids=["tensor", "pil"])
@pytest.mark.parametrize("size", [(32, 32), (31, 20)])
@pytest.mark.parametrize("augmentation", [CIFAR, Augmentation(rotation_degrees=180.0), Augmentation(3, False, 45.0)])
def test_rotation_is_torchvisions(augmentation: Augmentation, size: tuple[int, int], as_pil: bool) -> None:
    images = random_images(32, 3, *size)
    draws = draw(32, augmentation, seeded())
    expected = one_by_one(images, draws, augmentation, as_pil)
    agreement = (transform(images, draws, augmentation) == expected).float().mean()
    assert agreement > AGREEMENT_OF_ROTATIONS


def test_rotation_by_nothing_is_exact() -> None:
    images = random_images()
    draws = draw(32, CIFAR, seeded())
    level = Draws(draws.top, draws.left, draws.flip, torch.zeros(32, dtype=torch.float64))
    expected = one_by_one(images, draws, Augmentation(4, True))
    assert torch.equal(transform(images, level, CIFAR), expected)


def test_identity_draws_nothing_and_copies_nothing() -> None:
    images, generator = random_images(), seeded()
    assert augment(images, Augmentation(), generator) is images
    assert torch.equal(generator.get_state(), seeded().get_state())


def test_generator_decides() -> None:
    images = random_images()
    first, again = augment(images, CIFAR, seeded()), augment(images, CIFAR, seeded())
    assert torch.equal(first, again)
    assert torch.equal(images, random_images()), "what is given is left as it was"
    assert not torch.equal(first, augment(images, CIFAR, seeded(1)))
    generator = seeded()
    assert not torch.equal(augment(images, CIFAR, generator), augment(images, CIFAR, generator))


def test_rotation_leaves_the_other_draws_alone() -> None:
    with_rotation, without = draw(64, CIFAR, seeded()), draw(64, Augmentation(4, True), seeded())
    assert torch.equal(with_rotation.top, without.top)
    assert torch.equal(with_rotation.left, without.left)
    assert torch.equal(with_rotation.flip, without.flip)


def test_draws_are_uniform() -> None:
    count = 90_000
    draws = draw(count, CIFAR, seeded())
    for shift in (draws.top, draws.left):
        frequency = torch.bincount(shift).double() / count
        torch.testing.assert_close(frequency, torch.full((9,), 1 / 9, dtype=torch.float64), atol=0.005, rtol=0)
    assert draws.flip.double().mean().item() == pytest.approx(0.5, abs=0.01)
    assert draws.angle.abs().max() <= 10.0
    assert draws.angle.mean().item() == pytest.approx(0.0, abs=0.1)
    assert draws.angle.std().item() == pytest.approx(20 / 12**0.5, abs=0.05)
    together = torch.stack((draws.top.double(), draws.left.double(), draws.flip.double(), draws.angle))
    torch.testing.assert_close(torch.corrcoef(together), torch.eye(4, dtype=torch.float64), atol=0.02, rtol=0)


@pytest.mark.parametrize("images", [torch.zeros(2, 3, 8, 8), torch.zeros(3, 8, 8, dtype=torch.uint8)])
def test_other_than_byte_images_are_refused(images: Tensor) -> None:
    with pytest.raises(TypeError, match=r"expected uint8 images \(n, C, H, W\)"):
        augment(images, CIFAR, seeded())


def test_senseless_augmentations_are_refused() -> None:
    for padding, degrees in ((-1, 0.0), (0, 181.0), (0, float("nan"))):
        with pytest.raises(ValueError, match="expected 0"):
            Augmentation(padding, False, degrees)
    with pytest.raises(ValueError, match="would leave nothing of 8x8"):
        augment(random_images(2, 1, 8, 8), Augmentation(8), seeded())


def test_not_contiguous_images() -> None:
    images = random_images().contiguous(memory_format=torch.channels_last)
    assert torch.equal(augment(images, CIFAR, seeded()), augment(random_images(), CIFAR, seeded()))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
@pytest.mark.parametrize("augmentation", [CIFAR, Augmentation(4, True)])
def test_devices_agree(augmentation: Augmentation) -> None:
    images = random_images()
    on_gpu = augment(images.cuda(), augmentation, seeded()).cpu()
    assert (on_gpu == augment(images, augmentation, seeded())).float().mean() > AGREEMENT_OF_ROTATIONS


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_normalize(precision: torch.dtype, memory_format: torch.memory_format) -> None:
    images = random_images()
    normalized = normalize(images, precision, memory_format)
    assert normalized.dtype == precision
    assert normalized.is_contiguous(memory_format=memory_format)
    half = [0.5, 0.5, 0.5]
    expected = functional.normalize(images / 255, half, half)
    torch.testing.assert_close(normalized, expected.to(precision), atol=3e-7, rtol=1e-6)
