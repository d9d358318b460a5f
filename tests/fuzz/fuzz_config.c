/* libFuzzer target: a configuration of any bytes must be read or refused; and what is understood of
 * it must read back, when it is written out, as the same. */
#include "base/mem.h"
#include "pipeline/config_file.h"
#include "pipeline/settings.h"
#include <memoface/log.h>
#include <memoface/settings_layers.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void silence(void *user, enum mface_log_level level, const char *message)
{
    (void)user, (void)level;
    if (strchr(message, '\n'))
        abort(); // an error is one line
}

static enum mface_status check_pair(void *user, int line, const char *key, const char *value)
{
    const char *const *pair = user;
    (void)line;
    if (!key || strcmp(key, pair[0]) != 0 || strcmp(value, pair[1]) != 0)
        abort();
    return MFACE_OK;
}

static enum mface_status write_back(void *user, int line, const char *key, const char *value)
{
    char *text;
    size_t length;
    (void)user, (void)line;
    if (!key)
        return MFACE_OK;
    FILE *file = open_memstream(&text, &length);
    if (!file)
        abort();
    mface_config_write(file, key, value, "fuzz");
    fclose(file);
    const char *pair[] = { key, value };
    if (length < MFACE_CONFIG_LINE_BYTES &&
        mface_config_parse("fuzz", text, length, check_pair, pair) != MFACE_OK)
        abort();
    free(text);
    return MFACE_OK;
}

static void print(const struct mface_settings_layers *layers)
{
    FILE *null = fopen("/dev/null", "we");
    if (!null || mface_settings_layers_print(layers, null) != MFACE_OK)
        abort();
    fclose(null);
}

static void read_layers(const uint8_t *data, size_t size)
{
    char path[64];
    struct mface_settings_layers *layers;
    const struct mface_settings *settings;
    const int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size ||
        mface_settings_layers_create(&layers) != MFACE_OK)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (mface_settings_layers_read_file(layers, path) == MFACE_OK &&
        mface_settings_layers_resolve(layers, &settings) == MFACE_OK)
        print(layers);
    mface_settings_layers_free(&layers);
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mface_log_set(silence, NULL);
    if (mface_config_parse("fuzz", (const char *)data, size, write_back, NULL) != MFACE_OK)
        return 0;
    read_layers(data, size);
    return 0;
}
