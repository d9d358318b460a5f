// Compares the executor with ONNX Runtime, output by output, on seeded random inputs.
//
//   node compare_ort.mjs BUILD_DIR ONNX_RUN [MODEL ...]
//
// ONNX_RUN is tools/onnx-run of the build. Without MODELs: the converted face
// models and the generated DFMs of BUILD_DIR. An output passes if no value is further from ONNX
// Runtime's than 1e-3 of the range of its values. Closes with 'N passed, N failed'; exit code 77
// (skipped) where set-up has not installed ONNX Runtime.

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';

const TOLERANCE = 1e-3;
const FREE_BATCH = 1;
const FREE_SIDE = 320; // the detectors take any multiple of 32
// DFMs see pixels in 0..1, the face networks centred ones.
const RANGES = { '.dfm': [0, 1], '.onnx': [-1, 1] };

function loadOnnxRuntime(buildDir) {
    try {
        return createRequire(path.resolve(buildDir, 'npm') + path.sep)('onnxruntime-node');
    } catch (error) {
        console.log(`skipped: onnxruntime-node does not load (tools/setup.sh --dev): ${error.code}`);
        process.exit(77);
    }
}

function defaultModels(buildDir) {
    const list = (folder, ending) => fs.readdirSync(path.join(buildDir, folder))
        .filter((name) => name.endsWith(ending)).sort()
        .map((name) => path.join(buildDir, folder, name));
    return [...list('models', '.onnx'), ...list('demo', '.dfm')];
}

/** Uniform numbers from a seed (mulberry32), the same on every machine. */
function* uniform(seed) {
    for (let state = seed >>> 0;;) {
        state = (state + 0x6d2b79f5) >>> 0;
        let t = Math.imul(state ^ (state >>> 15), state | 1);
        t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
        yield ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
    }
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

/** Runs our executor; returns its outputs in the order of `outputNames`. */
function runOurs(onnxRun, model, inputs, outputNames) {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'memoface-ort-'));
    try {
        const args = [model, '--out', folder];
        inputs.forEach(({ name, tensor }, i) => {
            const file = path.join(folder, `in${i}.f32`);
            fs.writeFileSync(file, tensor.data);
            args.push('--in', `${name}=${file}:${tensor.dims.join('x')}`);
        });
        const result = spawnSync(onnxRun, args, { encoding: 'utf8' });
        if (result.status !== 0) {
            throw new Error(`${onnxRun}: ${result.error ?? (result.stderr.trim() || result.signal)}`);
        }
        return outputNames.map((name) => {
            const file = path.join(folder, name.replace(/[^A-Za-z0-9._-]/g, '_') + '.bin');
            const bytes = fs.readFileSync(file);
            return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
        });
    } finally {
        fs.rmSync(folder, { recursive: true });
    }
}

function compare(expected, actual) {
    if (expected.length !== actual.length) {
        return { good: false, text: `${actual.length} values, ONNX Runtime gives ${expected.length}` };
    }
    let low = Infinity, high = -Infinity, worst = 0;
    for (let i = 0; i < expected.length; i++) {
        low = Math.min(low, expected[i]);
        high = Math.max(high, expected[i]);
        worst = Math.max(worst, Math.abs(expected[i] - actual[i])); // NaN, once there, stays
    }
    // A constant output has no range; its size serves then.
    const range = high - low || Math.abs(high) || 1;
    return {
        good: worst <= TOLERANCE * range,
        text: `max abs difference ${worst.toExponential(1)}, range ${range.toPrecision(3)}`,
    };
}

async function checkModel(ort, onnxRun, model) {
    const session = await ort.InferenceSession.create(model, { graphOptimizationLevel: 'all' });
    const inputs = randomInputs(ort, session, model);
    const feeds = Object.fromEntries(inputs.map(({ name, tensor }) => [name, tensor]));
    const expected = await session.run(feeds);
    const outputNames = [...session.outputNames];
    await session.release();
    const actual = runOurs(onnxRun, model, inputs, outputNames);
    return outputNames.map((name, i) => ({ name, ...compare(expected[name].data, actual[i]) }));
}

async function main() {
    const [buildDir, onnxRun, ...given] = process.argv.slice(2);
    if (!onnxRun) {
        console.error('usage: compare_ort.mjs BUILD_DIR ONNX_RUN [MODEL ...]');
        process.exit(2);
    }
    const ort = loadOnnxRuntime(buildDir);
    let passed = 0, failed = 0;
    for (const model of given.length ? given : defaultModels(buildDir)) {
        let results;
        try {
            results = await checkModel(ort, onnxRun, model);
        } catch (error) {
            results = [{ name: 'run', good: false, text: error.message }];
        }
        for (const { name, good, text } of results) {
            console.log(`${good ? 'ok' : 'not ok'} - ${path.basename(model)} ${name}: ${text}`);
            good ? passed++ : failed++;
        }
    }
    console.log(`${passed} passed, ${failed} failed`);
    process.exit(failed || !passed ? 1 : 0);
}

await main();
