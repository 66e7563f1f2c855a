"""What the assistant says of itself, written once: for the command, the mention, the home page and the command list."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

COMMANDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "help": "What I can do, and what is kept",
        "reset": "End this conversation: your next message starts a new one",
        "retry": "Another answer to your last question; the first stays",
        "stats": "How people like the answers in this channel",
        "model": "Which model answers here; the name of another one chooses it, for those who may",
        "privacy": "What is kept of you; export it, stop it, or have it erased",
    }
)
"""Every command, with what it does, in at most 100 characters."""
PRIVACY: Final[Mapping[str, str]] = MappingProxyType(
    {
        "show": "What is kept of you",
        "export": "All of it, as a file for you",
        "stop": "From now on keep nothing of yours",
        "resume": "Keep what you say again",
        "forget": "Erase your words and your name for good",
    }
)
"""What `privacy` can be asked for."""
RATE_ENTRY: Final = "Rate this reply"
CORRECT_ENTRY: Final = "Correct this reply"
"""The entries in the menu of a message."""

_COMMAND_LIST = "\n".join(f"- **{name}** – {meaning}" for name, meaning in COMMANDS.items())
_PRIVACY_LIST = ", ".join(f"`privacy {name}`" for name in PRIVACY)

HELP: Final = f"""\
I answer questions with a language model. Mention me, write me a direct message, or go on in the thread.

**Tell me how good an answer is.** It makes the answers better:
- 👍 or 👎, as a reaction or with the buttons; 1️⃣ to 5️⃣ for a score.
- Write below an answer without mentioning me: a comment. I mark it 📝.
- Begin it with `better:` and it is what I should have said. I mark it ✏️.
- ✏️ on an answer, or “{CORRECT_ENTRY}” in its menu, corrects it; “{RATE_ENTRY}” scores it in detail.
- 💬 on your own comment makes it a question; ❌ takes it back. 🔁 on an answer to you asks for another one.

**Commands**, as `/plaudit …` or to me by mention:
{_COMMAND_LIST}

**What is kept:** questions to me, my answers, and what people say of them, to see how good the model is and to improve
it. You decide about yours: {_PRIVACY_LIST}."""

UNKNOWN_COMMAND: Final = "I do not know the command “{word}”."
RESET_DONE: Final = "Done: I have forgotten what we said here. Your next message starts a new conversation."
NOTHING_TO_RESET: Final = "There is no conversation going on here. Mention me with a question to start one."
SAY_IT_THERE: Final = "There are many conversations in this channel. Say “@me {word}” in the one that you mean."
NOTHING_TO_RETRY: Final = "There is no answer to a question of yours here."
RETRYING: Final = "One moment: here comes another answer."
TOO_MANY_RETRIES: Final = "That is enough answers to one question. Please ask it in other words."
MODEL_HERE: Final = "Here **{model}** answers, {how}."
USUAL_MODEL: Final = "the usual model"
CHOOSE_AMONG: Final = "You may choose for this channel: {names}. `/plaudit model default` is {usual}."
CHOSEN: Final = "From now on **{model}** answers in this channel. `/plaudit model default` takes that back."
USUAL_AGAIN: Final = "Done: **{model}** answers in this channel again, as usual."
ONE_MODEL: Final = "There is one model here and no other to choose. Whoever runs me can offer more (`models`)."
MODEL_NOT_YOURS: Final = "Which model answers here, others choose. Whoever runs me can let you, too (`choose_model`)."
MODEL_NOT_OFFERED: Final = "“{model}” is not offered here."
USE_THE_COMMAND: Final = "That is between us: use `/plaudit {words}`, whose answer only you see."
NOT_KEPT: Final = "I could not keep that just now. Please try again in a minute."
GONE: Final = "I do not know this answer any more."
NOT_HEARD: Final = "Votes are not taken from everyone here; yours was not kept."
OPTED_OUT: Final = "You asked me to keep nothing of yours. `/plaudit privacy resume` lets me again."
NOT_ANSWERED: Final = "I may not answer you here. Whoever runs me can change that."
SPENT: Final = (
    "Your questions to me are used up for today. I am glad to go on after midnight (UTC); whoever runs me can allow "
    "more."
)
SPENT_HERE: Final = (
    "The questions to me in this channel are used up for today. After midnight (UTC) I am glad to go on."
)
BUSY: Final = "I am answering as many people as I can right now. Please ask me again in a minute."
THANKS: Final = "Noted: {what}. Thank you!"
TAKEN_BACK: Final = "Taken back."
STILL_COUNTS: Final = "Taken back. Your reaction {what} still counts; take that off, too, if you like."
WHY: Final = "You put 👎 on an answer. Only you see this: would you say why?"
CORRECT_IT: Final = (
    "What should the answer have been? Only you see this. Or write “better: …” below it, for all to see."
)
NOTHING_SAID: Final = "Nothing was filled in, so nothing was kept."
STOPPED: Final = (
    "From now on your words go to the model but are not kept, nor are your votes. What is kept already stays; "
    "`/plaudit privacy forget` erases it."
)
RESUMED: Final = "What you say and how you vote is kept again from now on."
EXPORTED: Final = "This is everything that is kept of you: {count} records, one a line (JSON)."
NOTHING_KEPT: Final = "Nothing is kept of you."
REALLY_FORGET: Final = (
    "This erases your words, your name and your id for good, from the log, too. Your votes stay as numbers without a "
    "name. It cannot be undone."
)
FORGOTTEN: Final = "Done. Your words and your name are erased."
