/* What plan.c needs of exec.c. */
#ifndef MFACE_ONNX_EXEC_H
#define MFACE_ONNX_EXEC_H

#include "onnx/onnx.h"

/* Frees the runners on the plan's free list. */
void mface_plan_free_idle(struct mface_plan *plan);

#endif
