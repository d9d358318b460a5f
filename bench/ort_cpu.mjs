// Prints the processor time ONNX Runtime needs for one run of each model on one thread, as JSON:
// {"NAME": milliseconds, …}, medians of some runs.
//
//   node ort_cpu.mjs BUILD_DIR NAME MODEL.onnx AxBxCxD [NAME MODEL.onnx AxBxCxD …]

import { createRequire } from 'node:module';
import path from 'node:path';

const N_WARM = 1, N_RUNS = 5;

const [buildDir, ...models] = process.argv.slice(2);
const ort = createRequire(path.resolve(buildDir, 'npm') + path.sep)('onnxruntime-node');

function cpuMs() {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e3;
}

async function time(model, dims) {
    const session = await ort.InferenceSession.create(model,
        { intraOpNumThreads: 1, interOpNumThreads: 1, graphOptimizationLevel: 'all' });
    const values = new Float32Array(dims.reduce((a, b) => a * b, 1)).map((_, i) => (i % 251) / 251);
    const feeds = { [session.inputNames[0]]: new ort.Tensor('float32', values, dims) };
    const times = [];
    for (let i = 0; i < N_WARM + N_RUNS; i++) {
        const start = cpuMs();
        await session.run(feeds);
        if (i >= N_WARM) {
            times.push(cpuMs() - start);
        }
    }
    await session.release();
    return times.sort((a, b) => a - b)[times.length >> 1];
}

const results = {};
for (let i = 0; i + 2 < models.length; i += 3) {
    const [name, model, dims] = models.slice(i, i + 3);
    results[name] = Number((await time(model, dims.split('x').map(Number))).toFixed(3));
}
console.log(JSON.stringify(results));
