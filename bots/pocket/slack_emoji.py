"""Slack's names for emoji. The house has them as Unicode, or by name where they are a workspace's own."""

import re

_NAMES = {
    "👍": "+1",
    "👎": "-1",
    "👏": "clap",
    "🙌": "raised_hands",
    "🙏": "pray",
    "💪": "muscle",
    "👋": "wave",
    "✋": "hand",
    "👌": "ok_hand",
    "✌️": "v",
    "☝️": "point_up",
    "👆": "point_up_2",
    "👇": "point_down",
    "👈": "point_left",
    "👉": "point_right",
    "✊": "fist",
    "👊": "facepunch",
    "❤️": "heart",
    "💔": "broken_heart",
    "🎉": "tada",
    "👀": "eyes",
    "📝": "memo",
    "💬": "speech_balloon",
    "💭": "thought_balloon",
    "❌": "x",
    "✅": "white_check_mark",
    "☑️": "ballot_box_with_check",
    "✔️": "heavy_check_mark",
    "✏️": "pencil2",
    "🔁": "repeat",
    "🔄": "arrows_counterclockwise",
    "⏳": "hourglass_flowing_sand",
    "⌛": "hourglass",
    "⏱️": "stopwatch",
    "⚠️": "warning",
    "🚫": "no_entry_sign",
    "❓": "question",
    "❗": "exclamation",
    "💡": "bulb",
    "🔥": "fire",
    "⭐": "star",
    "🌟": "star2",
    "🚀": "rocket",
    "🐛": "bug",
    "🐌": "snail",
    "🤖": "robot_face",
    "🤔": "thinking_face",
    "🤥": "lying_face",
    "🕰️": "mantelpiece_clock",
    "🙉": "hear_no_evil",
    "🤷": "shrug",
    "😀": "grinning",
    "😂": "joy",
    "😍": "heart_eyes",
    "😕": "confused",
    "😡": "rage",
    "😢": "cry",
    "🙂": "slightly_smiling_face",
    "🙁": "slightly_frowning_face",
    "💯": "100",
    "📌": "pushpin",
    "📎": "paperclip",
    "🗑️": "wastebasket",
    "🔗": "link",
    "🔒": "lock",
    "🛑": "octagonal_sign",
    "🧵": "thread",
    "0️⃣": "zero",
    "1️⃣": "one",
    "2️⃣": "two",
    "3️⃣": "three",
    "4️⃣": "four",
    "5️⃣": "five",
    "6️⃣": "six",
    "7️⃣": "seven",
    "8️⃣": "eight",
    "9️⃣": "nine",
    "🔟": "keycap_ten",
}

_ALIASES = {
    "thumbsup": "👍",
    "thumbsdown": "👎",
    "raised_hand": "✋",
    "punch": "👊",
    "pencil": "📝",
    "robot": "🤖",
    "thinking": "🤔",
    "face_with_rolling_eyes": "🙄",
    "stop_sign": "🛑",
}

_UNICODE = {name: emoji for emoji, name in _NAMES.items()} | _ALIASES
_BARE = {emoji.replace("\ufe0f", ""): name for emoji, name in _NAMES.items()}
_TONE = re.compile("[\U0001f3fb-\U0001f3ff]")
_VALID = re.compile(r"[a-z0-9_'+-]+")


def slack_name(emoji: str) -> str:
    """What Slack calls `emoji`: `👍🏽` is `+1::skin-tone-4`; a custom name stays."""
    tone = _TONE.search(emoji)
    name = emoji.strip(":") if emoji.isascii() else _BARE.get(_TONE.sub("", emoji).replace("\ufe0f", ""))
    if name is None:  # Slack names every emoji, this table only the common ones
        name = "-".join(f"u{ord(each):x}" for each in _TONE.sub("", emoji))
    return f"{name}::skin-tone-{ord(tone[0]) - 0x1F3FB + 2}" if tone else name


def house_emoji(name: str) -> str | None:
    """The house's emoji for Slack's `name`, with or without tone; None where no emoji can be called so."""
    base, _, tone = name.strip(":").partition("::skin-tone-")
    if _VALID.fullmatch(base) is None or tone not in {"", "2", "3", "4", "5", "6"}:
        return None
    emoji = _UNICODE.get(base, base)
    return emoji.replace("\ufe0f", "") + chr(0x1F3FB + int(tone) - 2) if tone else emoji
