/* docs/settings.md: the settings with ranges, defaults and what each makes run again, and what the
 * starting points bring. */
#include "help.h"

#include <stdio.h>
#include <string.h>

static void print_cell(const char *text)
{
    help_escape(text, "|<>*_", '\\');
}

/* Within backticks only the bar between columns needs care. */
static void print_code(const char *text)
{
    putchar('`');
    help_escape(text, "|", '\\');
    putchar('`');
}

static void print_setting(const char *group, size_t i, bool is_first)
{
    const struct mface_setting_info info = mface_settings_info(i);
    char range[256], stages[128];
    if (is_first)
        printf("\n## %s\n\n| Setting | Takes | Default | Runs again | What it does |\n"
               "|---|---|---|---|---|\n",
            group);
    mface_settings_print_range(i, range, sizeof range);
    mface_settings_print_stages(i, stages, sizeof stages);
    printf("| `%s` | ", info.key);
    print_cell(range);
    printf("%s%s | ", info.unit[0] ? " " : "", info.unit);
    print_code(info.initial[0] ? info.initial : "\"\"");
    printf(" | %s | ", stages[0] ? stages : "–");
    print_cell(info.help);
    printf(" |\n");
}

static void print_command(const struct command *command, const struct arg *args, size_t n_args)
{
    (void)args, (void)n_args;
    if (command == &command_swap) // it takes them all
        help_each_setting(command, print_setting);
}

static void print_starting_points(void)
{
    printf("\n| Setting | Name | Values | For |\n|---|---|---|---|\n");
    for (size_t i = 0;; i++) {
        const struct mface_starting_point point = mface_settings_starting_point(i);
        char values[256];
        if (!point.name)
            return;
        mface_settings_print_starting_point(i, values, sizeof values);
        printf("| `%s` | `%s` | ", point.setting, point.name);
        print_cell(values);
        printf(" | ");
        print_cell(point.help);
        printf(" |\n");
    }
}

static void begin(void)
{
    printf(
        "<!-- Made by 'memoface help --format markdown'; a test fails when it is stale. -->\n"
        "# Settings\n\n"
        "One table in `src/pipeline/settings.c` declares every setting; the command line, the\n"
        "configuration file, live control, `--help`, the manual page, shell completion and this\n"
        "page are made of it. Later places win:\n\n"
        "| Place | How it is named |\n|---|---|\n"
        "| defaults | the column below |\n"
        "| preset | `--preset 16gb`, by memory; `auto`: by this machine's, or its cgroup's limit "
        "|\n"
        "| use case | `--use-case streaming` |\n"
        "| profile | `--profile aggressive` |\n"
        "| file | `~/.config/memoface/memoface.conf`, or `--config FILE`; `--config none`: none |\n"
        "| section | the file's `[aggressive]` or `[night]` of the chosen profile |\n"
        "| command line | `--cache-size 4G` |\n\n"
        "`memoface swap --print-config` prints every value with its place, as a file that reads "
        "back\n"
        "to the same values:\n\n"
        "```\n"
        "cache-size = 2G                             # preset 16gb\n"
        "```\n\n"
        "## The file\n\n"
        "```ini\n"
        "# what is always wanted\n"
        "preset = auto\n"
        "mask-blur = 30\n"
        "cache-dir = \"/data/faces # 1\"   # quotes where a value holds # or begins with a blank\n"
        "\n"
        "[night]                         # --profile night\n"
        "use-case = batch\n"
        "cache-size = 8G\n"
        "```\n\n"
        "Sizes take K, M, G and T (powers of 1024: `2G`, `512M`); a plain number is megabytes "
        "below\n"
        "1048576 (`2048`), bytes from there on. Numbers are as in the tables, switches take `on` "
        "or\n"
        "`off`. A mistake is told as `FILE:LINE: key: 'text' is not accepted; give …`, "
        "wherever\n"
        "in the file it is, and ends the program with exit code 2; a file that is no text "
        "(control\n"
        "characters, lines above 4096 bytes, above 1 MiB) with 4, a missing one with 3, an "
        "unreadable\n"
        "one with 6. A key may be said once a section. A section may name a preset and a use "
        "case.\n");
}

static void end(void)
{
    printf("\n## What starting points bring\n");
    print_starting_points();
    printf(
        "\n`preset auto` takes the preset that fits the machine: `32gb` from 28 GiB of memory on,\n"
        "`16gb` from 14, else `8gb`; below 7 GiB the cache is an eighth of the memory, as it is in "
        "all\n"
        "presets. A use case scales the cache that preset or default give it (2 GB without a "
        "preset)\n"
        "into its own range; beside `preset auto` it never takes more than a quarter of the "
        "memory.\n"
        "Without any of them the cache is 2 GB and everything is on. Whatever is chosen, memory "
        "that\n"
        "runs short while a job runs lowers it for a while ([governor.md](governor.md)).\n\n"
        "What the words imply beyond the cache:\n\n"
        "- `streaming`: the faster of f32 and bf16 on this machine, and the encoder's fastest "
        "preset "
        "(x264's\n"
        "  ultrafast), since a late frame is a lost one. With `precision int8` beside it swapping "
        "is\n"
        "  faster still, where `memoface doctor` says fast int8; how much coarser that is on a "
        "model "
        "is\n"
        "  measured at its first start, and said where it may be seen.\n"
        "- `recording`: f32 arithmetic, and a slower preset of the encoder (x264's medium).\n"
        "- `batch`: 8 GB of results on disk, so that a job that was stopped or is done again with "
        "other\n"
        "  settings computes nothing twice. Pictures of faces are then on that disk "
        "(`cache-dir`).\n");
}

const struct help_format help_markdown = { "markdown", begin, print_command, end };
