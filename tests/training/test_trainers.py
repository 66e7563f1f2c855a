"""Every set is loaded by `datasets` and trained on by trl, two steps each, with a tiny model made on the spot.

Run by `make test-training`, which installs torch and trl beside the project; elsewhere this is skipped.
"""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

if find_spec("trl") is None:
    pytest.skip("trl and torch are installed by `make test-training`", allow_module_level=True)
os.environ["HF_HUB_OFFLINE"] = "1"  # read when the libraries are imported

from datasets import Dataset, load_dataset
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, LlamaForSequenceClassification, PreTrainedTokenizerFast
from trl import DPOConfig, DPOTrainer, RewardConfig, RewardTrainer, SFTConfig, SFTTrainer

try:
    from trl import KTOConfig, KTOTrainer
except ImportError:
    from trl.experimental.kto import KTOConfig, KTOTrainer

from core.exports.options import Format, Kind, Options
from core.store.database import open_store
from tests.contract.exports_log import ANN, BOB, asked, begun, correction, exported, vote

TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}{{ eos_token }}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
FORMS = [Format.JSONL, Format.PARQUET]


@pytest.fixture
def tokenizer() -> PreTrainedTokenizerFast:
    """Bytes as tokens, with the chat's own."""
    found = Tokenizer(models.BPE())
    found.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    found.decoder = decoders.ByteLevel()
    special = ["<pad>", "<eos>", "<|system|>", "<|user|>", "<|assistant|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    found.train_from_iterator([], trainers.BpeTrainer(special_tokens=special, initial_alphabet=alphabet))
    return PreTrainedTokenizerFast(
        tokenizer_object=found, pad_token="<pad>", eos_token="<eos>", chat_template=TEMPLATE, model_max_length=512
    )


@pytest.fixture
def shape(tokenizer) -> LlamaConfig:
    """A Llama of some thousand parameters."""
    return LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=512,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=tokenizer.eos_token_id,
        num_labels=1,
    )


@pytest.fixture
async def made(tmp_path):
    """Makes an export of twelve conversations and gives its rows for training, as `datasets` reads its directory."""
    url = f"sqlite:///{tmp_path / 'plaudit.db'}"

    async def rows(kind: Kind, form: Format) -> Dataset:
        async with open_store(url) as store:
            for number in range(12):
                name = f"c{number:02}"
                await store.append(begun(name), *asked(name, f"What is {number}?", f"It is {number}.", 1))
                await store.append(*asked(name, "And then?", f"Then {number + 1}.", 3, number=2))
                await store.append(vote(name, BOB, value=number % 2 == 0), vote(name, ANN, value=True, number=2))
                await store.append(correction(name, BOB, f"It is {number}, of course."))
            await exported(store, url, tmp_path / "set", Options(kind, form))
        return load_dataset(str(tmp_path / "set"), cache_dir=str(tmp_path / "cache"))["train"]

    return rows


def settings(directory: Path) -> dict[str, Any]:
    return {
        "output_dir": str(directory / "model"),
        "max_steps": 2,
        "per_device_train_batch_size": 4,
        "report_to": [],
        "use_cpu": True,
        "bf16": False,
        "logging_steps": 1,
        "save_strategy": "no",
        "gradient_checkpointing": False,
    }


def trained(trainer: Any) -> None:
    result = trainer.train()
    assert result.global_step == 2
    assert result.training_loss == result.training_loss  # not a NaN


@pytest.mark.parametrize("form", FORMS)
async def test_sft_trains_on_what_was_liked(made, tmp_path, tokenizer, shape, form):
    rows = await made(Kind.SFT, form)

    trained(
        SFTTrainer(
            LlamaForCausalLM(shape),
            args=SFTConfig(**settings(tmp_path)),
            train_dataset=rows,
            processing_class=tokenizer,
        )
    )


@pytest.mark.parametrize("form", FORMS)
async def test_kto_trains_on_what_was_judged(made, tmp_path, tokenizer, shape, form):
    rows = await made(Kind.KTO, form)

    assert str(rows.features["label"].dtype) == "bool"
    trained(
        KTOTrainer(
            model=LlamaForCausalLM(shape),
            ref_model=LlamaForCausalLM(shape),
            args=KTOConfig(**settings(tmp_path)),
            train_dataset=rows,
            processing_class=tokenizer,
        )
    )


@pytest.mark.parametrize("form", FORMS)
async def test_dpo_trains_on_pairs(made, tmp_path, tokenizer, shape, form):
    rows = await made(Kind.DPO, form)

    trained(
        DPOTrainer(
            LlamaForCausalLM(shape),
            ref_model=LlamaForCausalLM(shape),
            args=DPOConfig(**settings(tmp_path)),
            train_dataset=rows,
            processing_class=tokenizer,
        )
    )


@pytest.mark.parametrize("form", FORMS)
async def test_a_reward_model_trains_on_pairs(made, tmp_path, tokenizer, shape, form):
    rows = await made(Kind.DPO, form)

    trained(
        RewardTrainer(
            LlamaForSequenceClassification(shape),
            args=RewardConfig(**settings(tmp_path)),
            train_dataset=rows,
            processing_class=tokenizer,
        )
    )


@pytest.mark.parametrize("form", FORMS)
async def test_an_evaluation_set_is_loaded(made, form):
    rows = await made(Kind.EVAL, form)

    assert set(rows[0]["inputs"]) == {"messages"}
    assert rows[0]["expectations"]["expected_response"].endswith("of course.")
