// What the comparisons with ONNX Runtime share.

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';

const TOLERANCE = 1e-3; // of the range of an output's values

/** Ends with exit code 77 (skipped) where set-up has not installed it. */
export function loadOnnxRuntime(buildDir) {
    try {
        return createRequire(path.resolve(buildDir, 'npm') + path.sep)('onnxruntime-node');
    } catch (error) {
        console.log(`skipped: onnxruntime-node does not load (tools/setup.sh --dev): ${error.code}`);
        process.exit(77);
    }
}

/** Uniform numbers from a seed (mulberry32), the same on every machine. */
export function* uniform(seed) {
    for (let state = seed >>> 0;;) {
        state = (state + 0x6d2b79f5) >>> 0;
        let t = Math.imul(state ^ (state >>> 15), state | 1);
        t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
        yield ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
    }
}

/** Calls `use` with a folder that is gone afterwards. */
export function withFolder(use) {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'memoface-ort-'));
    try {
        return use(folder);
    } finally {
        fs.rmSync(folder, { recursive: true });
    }
}

/**
 * Runs our executor. `inputs`: { name, tensor, isConst }, where isConst makes it known at compile
 * time. Returns { outputs, text }: arrays in the order of `outputNames`, and what was printed.
 */
export function runOurs(onnxRun, model, inputs, outputNames, more = []) {
    return withFolder((folder) => {
        const args = [model, '--out', folder, ...more];
        inputs.forEach(({ name, tensor, isConst }, i) => {
            const file = path.join(folder, `in${i}.f32`);
            fs.writeFileSync(file, tensor.data);
            args.push(isConst ? '--const' : '--in', `${name}=${file}:${tensor.dims.join('x')}`);
        });
        const result = spawnSync(onnxRun, args, { encoding: 'utf8' });
        if (result.status !== 0) {
            throw new Error(`${onnxRun}: ${result.error ?? (result.stderr.trim() || result.signal)}`);
        }
        const outputs = outputNames.map((name) => {
            const file = path.join(folder, name.replace(/[^A-Za-z0-9._-]/g, '_') + '.bin');
            const bytes = fs.readFileSync(file);
            return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
        });
        return { outputs, text: result.stdout };
    });
}

/** `slack`: what values may be off by besides, for results that were rounded. */
export function compare(expected, actual, slack = 0) {
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
        good: worst <= TOLERANCE * range + slack,
        text: `max abs difference ${worst.toExponential(1)}, range ${range.toPrecision(3)}`,
    };
}

let passed = 0, failed = 0;

export function report(name, { good, text }) {
    console.log(`${good ? 'ok' : 'not ok'} - ${name}: ${text}`);
    good ? passed++ : failed++;
}

/** Prints the counts and ends the process. */
export function finish() {
    console.log(`${passed} passed, ${failed} failed`);
    process.exit(failed || !passed ? 1 : 0);
}
