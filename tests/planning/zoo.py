"""Models as their libraries build them, at toy size; each takes a width and a depth."""

import logging
from collections.abc import Callable

import timm
import torch
import torchvision.models as tv
import transformers as tf
from torch import nn

logging.getLogger("transformers").setLevel(logging.ERROR)

HEAD = 16


def resnet(width: int, depth: int, block: str = "BasicBlock") -> nn.Module:
    kind = getattr(timm.models.resnet, block)
    channels = tuple(width * 2**stage for stage in range(4))
    return timm.models.ResNet(kind, [depth] * 4, channels=channels, stem_width=width, stem_type="deep", num_classes=10)


def torchvision_resnet(width: int, depth: int, block: str = "BasicBlock") -> nn.Module:
    """torchvision's own blocks; its class has a fixed first width, which is what is set here."""

    class Wide(tv.ResNet):
        def __init__(self) -> None:
            nn.Module.__init__(self)
            self._norm_layer, self.inplanes, self.dilation, self.groups, self.base_width = (
                nn.BatchNorm2d,
                width,
                1,
                1,
                64,
            )
            self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
            self.bn1, self.relu, self.maxpool = nn.BatchNorm2d(width), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)
            kind = getattr(tv.resnet, block)
            self.layer1 = self._make_layer(kind, width, depth)
            self.layer2 = self._make_layer(kind, width * 2, depth, stride=2)
            self.layer3 = self._make_layer(kind, width * 4, depth, stride=2)
            self.layer4 = self._make_layer(kind, width * 8, depth, stride=2)
            self.avgpool, self.fc = nn.AdaptiveAvgPool2d(1), nn.Linear(width * 8 * kind.expansion, 10)

    return Wide()


def vit_torchvision(width: int, depth: int) -> nn.Module:
    return tv.VisionTransformer(32, 8, depth, width // HEAD, width, 4 * width, num_classes=10)


def convnext(width: int, depth: int) -> nn.Module:
    block = tv.convnext.CNBlockConfig
    return tv.ConvNeXt([block(width, 2 * width, depth), block(2 * width, None, depth)], num_classes=10)


def vit_timm(width: int, depth: int, **options: object) -> nn.Module:
    return timm.models.VisionTransformer(
        img_size=32, patch_size=8, embed_dim=width, depth=depth, num_heads=width // HEAD, num_classes=10, **options
    )


def hybrid(width: int, depth: int) -> nn.Module:
    return timm.create_model(
        "vit_small_r26_s32_224", embed_dim=width, depth=depth, num_heads=width // HEAD, num_classes=10
    )


def gpt2(width: int, depth: int, **options: object) -> nn.Module:
    settings = {"n_embd": width, "n_layer": depth, "n_head": width // HEAD, "vocab_size": 96, "n_positions": 32}
    return tf.GPT2LMHeadModel(tf.GPT2Config(**settings, bos_token_id=0, eos_token_id=0, **options))


def llama(width: int, depth: int, **options: object) -> nn.Module:
    settings = {"hidden_size": width, "num_hidden_layers": depth, "num_attention_heads": width // HEAD}
    settings |= {"num_key_value_heads": width // HEAD // 2, "intermediate_size": 2 * width, "vocab_size": 96}
    return tf.LlamaForCausalLM(tf.LlamaConfig(**{**settings, **options}))


def mixture(width: int, depth: int) -> nn.Module:
    settings = {"hidden_size": width, "num_hidden_layers": depth, "num_attention_heads": width // HEAD}
    settings |= {"num_key_value_heads": width // HEAD, "intermediate_size": 2 * width, "vocab_size": 96}
    return tf.MixtralForCausalLM(tf.MixtralConfig(**settings))


def parallel(width: int, depth: int) -> nn.Module:
    settings = {"hidden_size": width, "num_hidden_layers": depth, "num_attention_heads": width // HEAD}
    return tf.GPTNeoXForCausalLM(tf.GPTNeoXConfig(**settings, intermediate_size=4 * width, vocab_size=96))


def encoder(width: int, depth: int, *, norm_first: bool = True, heads: int | None = None) -> nn.Module:
    layer = nn.TransformerEncoderLayer(
        width, heads or width // HEAD, 2 * width, norm_first=norm_first, batch_first=True
    )
    return nn.TransformerEncoder(layer, depth, enable_nested_tensor=False)


def mlp(width: int) -> nn.Module:
    return nn.Sequential(nn.Linear(8, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 3))


class Residual(nn.Module):
    """Blocks of one weight layer, as in paper A; what may be changed is an argument."""

    def __init__(
        self, width: int, depth: int, last: Callable[[], nn.Module] = nn.Identity, *, shared: bool = False
    ) -> None:
        super().__init__()
        self.read_in = nn.Linear(8, width)
        layers = [nn.Linear(width, width) for _ in range(1 if shared else depth)]
        self.blocks = nn.ModuleList(layers)
        self.repeat = depth if shared else 1
        self.last = last()
        self.readout = nn.Linear(width, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.read_in(x)
        for _ in range(self.repeat):
            for block in self.blocks:
                x = x + self.last(block(x.relu()))
        return self.readout(x)
