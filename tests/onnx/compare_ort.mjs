// Compares the executor with ONNX Runtime, output by output, on seeded random inputs.
//
//   node compare_ort.mjs BUILD_DIR ONNX_RUN [MODEL ...]
//
// ONNX_RUN is tools/onnx-run of the build. Without MODELs: the converted face
// models and the generated DFMs of BUILD_DIR. An output passes if no value is further from ONNX
// Runtime's than 1e-3 of the range of its values. Closes with 'N passed, N failed'; exit code 77
// (skipped) where set-up has not installed ONNX Runtime.

import fs from 'node:fs';
import path from 'node:path';

import { compare, finish, loadOnnxRuntime, report, runOurs, uniform } from './ort.mjs';

const FREE_BATCH = 1;
const FREE_SIDE = 320; // the detectors take any multiple of 32
// DFMs see pixels in 0..1, the face networks centred ones.
const RANGES = { '.dfm': [0, 1], '.onnx': [-1, 1] };

function defaultModels(buildDir) {
    const list = (folder, ending) => fs.readdirSync(path.join(buildDir, folder))
        .filter((name) => name.endsWith(ending)).sort()
        .map((name) => path.join(buildDir, folder, name));
    return [...list('models', '.onnx'), ...list('demo', '.dfm')];
}

function concreteShape(shape) {
    return shape.map((dim, axis) => (typeof dim === 'number' && dim > 0 ? dim
        : axis === 0 ? FREE_BATCH : FREE_SIDE));
}

function randomInputs(ort, session, model) {
    const [low, high] = RANGES[path.extname(model)] ?? [0, 1];
    const numbers = uniform(1);
    return session.inputMetadata.map(({ name, type, shape }) => {
        if (type !== 'float32') {
            throw new Error(`input ${name} is ${type}; only float32 is compared`);
        }
        const dims = concreteShape(shape);
        const data = Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) },
            () => low + (high - low) * numbers.next().value);
        return { name, tensor: new ort.Tensor('float32', data, dims) };
    });
}

async function checkModel(ort, onnxRun, model) {
    const session = await ort.InferenceSession.create(model, { graphOptimizationLevel: 'all' });
    const inputs = randomInputs(ort, session, model);
    const feeds = Object.fromEntries(inputs.map(({ name, tensor }) => [name, tensor]));
    const expected = await session.run(feeds);
    const outputNames = [...session.outputNames];
    await session.release();
    const actual = runOurs(onnxRun, model, inputs, outputNames).outputs;
    return outputNames.map((name, i) => ({ name, ...compare(expected[name].data, actual[i]) }));
}

async function main() {
    const [buildDir, onnxRun, ...given] = process.argv.slice(2);
    if (!onnxRun) {
        console.error('usage: compare_ort.mjs BUILD_DIR ONNX_RUN [MODEL ...]');
        process.exit(2);
    }
    const ort = loadOnnxRuntime(buildDir);
    for (const model of given.length ? given : defaultModels(buildDir)) {
        let results;
        try {
            results = await checkModel(ort, onnxRun, model);
        } catch (error) {
            results = [{ name: 'run', good: false, text: error.message }];
        }
        for (const { name, good, text } of results) {
            report(`${path.basename(model)} ${name}`, { good, text });
        }
    }
    finish();
}

await main();
