/* memoface: face swap with DFM models on ordinary CPUs. The umbrella header. */
#ifndef MEMOFACE_MEMOFACE_H
#define MEMOFACE_MEMOFACE_H

#include <memoface/advisor.h>
#include <memoface/bench.h>
#include <memoface/cache.h>
#include <memoface/control.h>
#include <memoface/dashboard.h>
#include <memoface/disk.h>
#include <memoface/doctor.h>
#include <memoface/forecast.h>
#include <memoface/image.h>
#include <memoface/insight.h>
#include <memoface/inspect.h>
#include <memoface/key.h>
#include <memoface/log.h>
#include <memoface/monitor.h>
#include <memoface/session.h>
#include <memoface/settings.h>
#include <memoface/settings_layers.h>
#include <memoface/status.h>

#endif
