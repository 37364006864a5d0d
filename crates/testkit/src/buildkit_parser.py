"""Answers, line by line, what BuildKit's parser makes of a Dockerfile. Every line in and out is JSON; in: the text."""

import json
import sys
from importlib.metadata import version

import dockerfile


def answer(text):
    try:
        return {"commands": [command._asdict() for command in dockerfile.parse_string(text)]}
    except dockerfile.GoParseError as error:
        return {"refused": str(error)}
    except UnicodeDecodeError:
        return {"unclear": "a part of the text is not UTF-8"}


def say(what):
    # Heredocs would be arrays like any tuple.
    for command in what.get("commands", ()):
        command["heredocs"] = [heredoc._asdict() for heredoc in command["heredocs"]]
    sys.stdout.write(json.dumps(what, ensure_ascii=False, separators=(",", ":")) + "\n")
    sys.stdout.flush()


sys.stdin.reconfigure(encoding="utf-8", newline="\n")
sys.stdout.reconfigure(encoding="utf-8", errors="replace", newline="\n")
say({"version": version("dockerfile")})
for line in sys.stdin:
    say(answer(json.loads(line)))
