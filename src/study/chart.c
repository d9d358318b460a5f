#include "study/chart.h"

#include <math.h>
#include <string.h>

enum { WIDTH = 720, LEFT = 168, RIGHT = 96, BAR = 15, STEP = 19, GAP = 14, TOP = 6 };

void mface_xml_write(const char *text, FILE *file)
{
    for (; *text; text++) {
        const unsigned char c = (unsigned char)*text;
        if (c == '&')
            fputs("&amp;", file);
        else if (c == '<')
            fputs("&lt;", file);
        else if (c == '"')
            fputs("&quot;", file);
        else if (c >= ' ') // XML has no place for the rest
            fputc(c, file);
    }
}

static double highest(const struct mface_chart *chart)
{
    double high = 0;
    for (int i = 0; i < chart->n_bars; i++)
        high = fmax(high, chart->bars[i].value);
    return high > 0 ? high : 1;
}

static int begins_group(const struct mface_chart *chart, int i)
{
    return i == 0 || strcmp(chart->bars[i].group, chart->bars[i - 1].group) != 0;
}

static int height_of(const struct mface_chart *chart)
{
    int height = 2 * TOP;
    for (int i = 0; i < chart->n_bars; i++)
        height += STEP + (i > 0 && begins_group(chart, i) ? GAP : 0);
    return height;
}

static void write_description(const struct mface_chart *chart, FILE *file)
{
    fprintf(file, "<title id=\"%s-t\">", chart->id);
    mface_xml_write(chart->title, file);
    fprintf(file, "</title>\n<desc id=\"%s-d\">", chart->id);
    for (int i = 0; i < chart->n_bars; i++) {
        const struct mface_chart_bar *bar = &chart->bars[i];
        fprintf(
            file, "%s %s: %.*f%s. ", bar->group, bar->name, chart->digits, bar->value, chart->unit);
    }
    fputs("</desc>\n", file);
}

static void write_bar(const struct mface_chart *chart, int i, int y, double scale, FILE *file)
{
    const struct mface_chart_bar *bar = &chart->bars[i];
    const double w = fmax(1, bar->value * scale);
    if (begins_group(chart, i))
        fprintf(file, "<text class=\"group\" x=\"0\" y=\"%d\">%s</text>\n", y + 12, bar->group);
    fprintf(file, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n", LEFT - 8, y + 12,
        bar->name);
    fprintf(file, "<rect class=\"s%d\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" rx=\"2\"/>\n",
        bar->series, LEFT, y, w, BAR);
    fprintf(file, "<text class=\"value\" x=\"%.1f\" y=\"%d\">%.*f%s</text>\n", LEFT + w + 6, y + 12,
        chart->digits, bar->value, chart->unit);
}

void mface_chart_write(const struct mface_chart *chart, FILE *file)
{
    const double scale = (WIDTH - LEFT - RIGHT) / highest(chart);
    int y = TOP;
    fprintf(file,
        "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"%s-t %s-d\" "
        "xmlns=\"http://www.w3.org/2000/svg\">\n",
        WIDTH, height_of(chart), chart->id, chart->id);
    write_description(chart, file);
    for (int i = 0; i < chart->n_bars; i++) {
        y += i > 0 && begins_group(chart, i) ? GAP : 0;
        write_bar(chart, i, y, scale, file);
        y += STEP;
    }
    fputs("</svg>\n", file);
}
