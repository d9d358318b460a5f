#include <memoface/monitor.h>
#include <stdio.h>

int mface_monitor_print_bytes(int64_t bytes, char *text, size_t text_bytes)
{
    static const char *const units[] = { "B", "KB", "MB", "GB", "TB" };
    double value = (double)bytes;
    int unit = 0;
    while (value >= 1023.5 && unit < 4) {
        value /= 1024;
        unit++;
    }
    const int decimals = unit >= 3 && value < 99.95 ? 1 : 0;
    return snprintf(text, text_bytes, "%.*f%s", decimals, value, units[unit]);
}

int mface_monitor_print_line(
    const struct mface_monitor_sample *sample, char *text, size_t text_bytes)
{
    char used[16], limit[16];
    mface_monitor_print_bytes(sample->cache_used_bytes, used, sizeof used);
    mface_monitor_print_bytes(sample->cache_limit_bytes, limit, sizeof limit);
    return snprintf(text, text_bytes,
        "RAM Cache: %s/%s | Hit Rate: %.0f%% | CPU: %.0f%% | FPS: %.0f", used, limit,
        sample->hit_rate * 100, sample->cpu_percent, sample->fps);
}
