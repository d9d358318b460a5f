/* memoface detect: what would be swapped in an image. */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const groups[] = { "Faces", "Alignment", NULL };

static void print_text(const struct mface_found_face *faces, int n_faces)
{
    for (int i = 0; i < n_faces; i++)
        printf("face %d: box %.0f,%.0f - %.0f,%.0f score %.2f, %d points\n", i, faces[i].left,
            faces[i].top, faces[i].right, faces[i].bottom, faces[i].score, faces[i].n_points);
    if (n_faces == 0)
        printf("no face found\n");
}

static void print_points(const char *name, const struct mface_face_point *points, int n_points)
{
    printf(",\"%s\":[", name);
    for (int i = 0; i < n_points; i++)
        printf("%s[%.2f,%.2f]", i ? "," : "", points[i].x, points[i].y);
    printf("]");
}

static void print_json(const struct mface_found_face *faces, int n_faces, int w, int h)
{
    printf("{\"width\":%d,\"height\":%d,\"faces\":[", w, h);
    for (int i = 0; i < n_faces; i++) {
        printf("%s{\"box\":[%.2f,%.2f,%.2f,%.2f],\"score\":%.4f", i ? "," : "", faces[i].left,
            faces[i].top, faces[i].right, faces[i].bottom, faces[i].score);
        print_points("crop", faces[i].crop, 4);
        print_points("points", faces[i].points, faces[i].n_points);
        printf("}");
    }
    printf("]}\n");
}

static enum exit_code detect_with(
    struct mface_settings_layers *layers, const struct command *command, int argc, char **argv)
{
    const char *input = NULL, *drawn = NULL;
    bool json = false, overwrite = false;
    const struct arg args[] = {
        { "input", 'i', ARG_FILE, &input, "IMAGE", "the image to look at", true },
        { "output", 'o', ARG_FILE, &drawn, "DRAWN.png",
            "write the image with boxes, points and crop outlines", false },
        { "overwrite", 'y', ARG_FLAG, &overwrite, "", "replace an existing drawing", false },
        { "json", 0, ARG_FLAG, &json, "", "print JSON: boxes, crops and points in pixels", false },
    };
    enum exit_code code;
    const struct mface_settings *settings;
    if (!args_parse(command, args, sizeof args / sizeof args[0], layers, &settings, NULL, argc,
            argv, &code))
        return code;
    const struct other_file others[] = { { "input", input } };
    code = check_written(command, "output", drawn, others, 1);
    if (code == EXIT_OK)
        code = check_replaced(command, "output", drawn, overwrite);
    if (code != EXIT_OK)
        return code;
    struct mface_found_face *faces = NULL;
    int n_faces, w, h;
    const enum mface_status status =
        mface_detect_file(input, settings, drawn, &faces, &n_faces, &w, &h);
    if (status == MFACE_OK && json)
        print_json(faces, n_faces, w, h);
    else if (status == MFACE_OK)
        print_text(faces, n_faces);
    mface_found_faces_free(&faces);
    return exit_code_of(status);
}

static enum exit_code run(const struct command *command, int argc, char **argv)
{
    struct mface_settings_layers *layers;
    enum mface_status status = mface_settings_layers_create(&layers);
    if (status == MFACE_OK) // a look at a picture shows every face, not the largest one
        status = mface_settings_layers_set_default(layers, "max-faces", "0");
    const enum exit_code code =
        status == MFACE_OK ? detect_with(layers, command, argc, argv) : exit_code_of(status);
    mface_settings_layers_free(&layers);
    return code;
}

const struct command command_detect = {
    .name = "detect",
    .synopsis = "-i IMAGE [-o DRAWN.png] [OPTIONS] [SETTINGS]",
    .summary = "show the faces in an image: boxes, points and crops",
    .examples = "  memoface detect -i group.jpg -o drawn.png\n"
                "  memoface detect -i group.jpg --detector tiny --json\n"
                "All faces are shown; --max-faces limits them, and is 0 here by default.\n",
    .setting_groups = groups,
    .run = run,
};
