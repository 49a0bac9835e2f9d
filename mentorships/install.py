"""Makes the virtual environment and installs requirements, only when they changed.

Run by the system's Python (`python3 -I mentorships/install.py VENV REQUIREMENTS...`), before
anything is installed: standard library only, and old syntax, so that an old Python gets a sentence.
"""

import hashlib
import os
import subprocess
import sys

OLDEST = (3, 11)


def main():
    """Return the exit code: 0 when everything is installed."""
    if sys.version_info < OLDEST:
        print(
            "Python 3.11 or newer is needed, this is %s: name one, make run PYTHON=python3.11"
            % sys.version.split()[0]
        )
        return 1
    venv, files = sys.argv[1], sys.argv[2:]
    python = os.path.join(venv, "bin", "python")
    if not os.path.exists(os.path.join(venv, "bin", "pip")) and not create(venv):
        return 1
    stamp = os.path.join(venv, "installed-" + os.path.basename(files[-1]))
    wanted = digest(files)
    if os.path.exists(stamp) and open(stamp).read() == wanted:
        return 0
    print("Installing %s (the first time takes a few minutes)" % files[-1], flush=True)
    command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for name in files:
        command += ["-r", name]
    if subprocess.call(command, stdin=subprocess.DEVNULL):
        print("The requirements could not be installed; pip's message is above.")
        return 1
    with open(stamp, "w") as file:
        file.write(wanted)
    return 0


def create(venv):
    """Make the virtual environment; False, with a sentence, when this Python cannot."""
    print("Making the virtual environment %s" % venv, flush=True)
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", venv],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if made.returncode:
        hint = ""
        if b"ensurepip" in made.stdout:
            hint = " The missing part is python3-venv: apt-get install python3-venv"
        print("The virtual environment could not be made.%s" % hint)
        print(made.stdout.decode(errors="replace").strip())
    return made.returncode == 0


def digest(files):
    """A hash over the requirement files and the Python that will use them."""
    total = hashlib.sha256(sys.version.encode())
    for name in files:
        with open(name, "rb") as file:
            total.update(file.read())
    return total.hexdigest()


if __name__ == "__main__":
    sys.exit(main())
