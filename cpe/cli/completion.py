"""`cpe completion`: completion of commands, options and files for the usual shells."""

from __future__ import annotations

import click

PROGRAMS = ("cpe", "cpe-decider", "cpe-inputpoller", "cpe-worker")


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(*, shell: str) -> None:
    """Print what makes a shell complete `cpe` and the daemons.

    \b
    bash, in ~/.bashrc:    eval "$(cpe completion bash)"
    zsh, in ~/.zshrc:      eval "$(cpe completion zsh)"
    fish:                  cpe completion fish > ~/.config/fish/completions/cpe.fish
    """
    from click.shell_completion import get_completion_class

    made = get_completion_class(shell)
    if made is None:
        raise click.UsageError(f"there is no completion for {shell}")
    for program in PROGRAMS:
        variable = f"_{program.replace('-', '_').upper()}_COMPLETE"
        # The script asks the program itself, when somebody presses Tab; none has to be imported here.
        click.echo(made(click.Command(program), {}, program, variable).source())
