/* Bar charts as inline SVG: groups of bars, one below the other, each with its name and value. */
#ifndef MFACE_STUDY_CHART_H
#define MFACE_STUDY_CHART_H

#include <stdio.h>

enum { MFACE_CHART_BARS = 80 };

struct mface_chart_bar {
    const char *group; // bars of one group follow each other
    char name[32];
    int series; // its colour: class s0, s1, …
    double value;
};

struct mface_chart {
    const char *id, *title, *unit; // unit as it follows a value: " FPS"
    int digits;                    // after the point
    int n_bars;
    struct mface_chart_bar bars[MFACE_CHART_BARS]; // values ≥ 0
};

/* One <svg>, with a title and a description for those who cannot see it. */
void mface_chart_write(const struct mface_chart *chart, FILE *file);

/* Text as it may stand in XML. */
void mface_xml_write(const char *text, FILE *file);

#endif
