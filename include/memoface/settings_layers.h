/* Settings from several places, and where each came from.
 *
 *     default < preset < use case < profile < file < section < command line
 *
 * The later wins. Preset, use case and profile are themselves settings: they may be named on the
 * command line, in the chosen section, or in the file, and their values enter below all that is
 * written out. A profile is built in (conservative, balanced, aggressive) or a [section] of the
 * file; a section named like a built-in profile adds to it. docs/settings.md lists what each means.
 *
 * One set of layers is used by one thread at a time. */
#ifndef MEMOFACE_SETTINGS_LAYERS_H
#define MEMOFACE_SETTINGS_LAYERS_H

#include <memoface/settings.h>
#include <memoface/status.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

enum mface_settings_layer {
    MFACE_LAYER_DEFAULT,
    MFACE_LAYER_PRESET,
    MFACE_LAYER_USE_CASE,
    MFACE_LAYER_PROFILE,
    MFACE_LAYER_FILE,
    MFACE_LAYER_SECTION,
    MFACE_LAYER_COMMAND_LINE,
};

struct mface_settings_layers; // opaque

/* All defaults, nothing else. MFACE_ERR_NOMEM. */
MFACE_API MFACE_NODISCARD enum mface_status mface_settings_layers_create(
    struct mface_settings_layers **out);
MFACE_API void mface_settings_layers_free(struct mface_settings_layers **layers);

/* Another default than the table's, for a host that needs one. Status of mface_settings_set(). */
MFACE_API MFACE_NODISCARD enum mface_status mface_settings_layers_set_default(
    struct mface_settings_layers *layers, const char *key, const char *text);

/* What the user said directly: the command line, a form, a plugin's parameters. A key given twice
 * takes the later value. Status of mface_settings_set(). */
MFACE_API MFACE_NODISCARD enum mface_status mface_settings_layers_set(
    struct mface_settings_layers *layers, const char *key, const char *text);

/* Reads a configuration file in place of the one read before; NULL stands for the user's own, which
 * need not exist. Every section is checked, chosen or not. Logs one line, "FILE:LINE: …":
 * MFACE_ERR_ARG (unknown key, value not accepted, said twice), MFACE_ERR_FORMAT (no text, or a line
 * above 4096 bytes), MFACE_ERR_NOENT, MFACE_ERR_IO, MFACE_ERR_NOMEM; nothing of the file then
 * counts. */
MFACE_API MFACE_NODISCARD enum mface_status mface_settings_layers_read_file(
    struct mface_settings_layers *layers, const char *path);

/* Memory that preset auto goes by; 0, as from the start: this machine's, or its cgroup's limit. */
MFACE_API void mface_settings_layers_set_memory(
    struct mface_settings_layers *layers, int64_t memory_bytes);

/* Puts the layers together. *out is borrowed and valid until the next call of this, or free.
 * MFACE_ERR_ARG, logged: there is no profile of the chosen name. */
MFACE_API MFACE_NODISCARD enum mface_status mface_settings_layers_resolve(
    struct mface_settings_layers *layers, const struct mface_settings **out);

/* Which layer row i (mface_settings_info()) got its value from, as it was last resolved; `text`
 * receives that in words, as snprintf(): "default", "preset 16gb", "memoface.conf:3". */
MFACE_API enum mface_settings_layer mface_settings_layers_origin(
    const struct mface_settings_layers *layers, size_t i, char *text, size_t text_bytes);

/* Every value and its origin, as a configuration file that reads back to the same values.
 * MFACE_ERR_IO, not logged. */
MFACE_API MFACE_NODISCARD enum mface_status mface_settings_layers_print(
    const struct mface_settings_layers *layers, FILE *file);

/* The user's own configuration file: memoface/memoface.conf under $XDG_CONFIG_HOME or ~/.config.
 * As snprintf(); 0 and "" where there is no home. */
MFACE_API int mface_settings_file_path(char *path, size_t path_bytes);

/* The preset that fits a machine with that much memory: "8gb", "16gb" or "32gb". Static. */
MFACE_API const char *mface_settings_preset_for(int64_t memory_bytes);

#ifdef __cplusplus
}
#endif
#endif
