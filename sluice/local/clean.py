"""`make clean`: end every embedded stack before its folder goes."""

from sluice.local.profile import STATE, profile_named
from sluice.local.stack import reset


def main() -> None:
    for folder in sorted((STATE / "profiles").glob("*")):
        reset(profile_named(folder.name).name)


if __name__ == "__main__":
    main()
