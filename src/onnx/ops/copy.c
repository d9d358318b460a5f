#include "onnx/ops/copy.h"

#include "onnx/ops/elem.h"
#include "onnx/ops/walk.h"

void mface_copy_strided(const struct mface_shape *space, const struct mface_place *from,
    const struct mface_place *to, size_t bytes)
{
    struct mface_walk walk;
    mface_walk_init(&walk, space);
    mface_walk_add_strided(&walk, from->stride);
    mface_walk_add_strided(&walk, to->stride);
    const int64_t size = (int64_t)bytes;
    for (mface_walk_begin(&walk); !walk.done; mface_walk_next(&walk))
        mface_elem_copy((const char *)from->data + walk.offset[0] * size, walk.step[0],
            (char *)to->data + walk.offset[1] * size, walk.step[1], walk.n, bytes);
}

void mface_copy_broadcast(const struct mface_tensor *from, const struct mface_tensor *to)
{
    struct mface_place source = { from->data }, target = { to->data };
    mface_shape_strides(&from->shape, &to->shape, source.stride);
    mface_shape_strides(&to->shape, NULL, target.stride);
    mface_copy_strided(&to->shape, &source, &target, mface_dtype_bytes(to->dtype));
}
