// Holds reduced precision against f32 on real crops: PSNR of the celeb face, mean absolute error of
// the masks.
//
//   node compare_precisions.mjs BUILD_DIR ONNX_RUN [MODEL ...]
//
// Without MODELs: the variants of make_variants.py, which compare_variants.mjs leaves in BUILD_DIR,
// and the generated DFMs. Every crop must pass, not their mean. Needs ONNX Runtime only to read a
// model's inputs; closes as the others do.

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

import { realCrops } from '../../tools/crops.mjs';
import { finish, loadOnnxRuntime, report, runOurs } from './ort.mjs';

/** What bf16 may cost is not seen; what int8 may cost is all but seen, and never taken unasked. */
const BOUNDS = {
    bf16: { psnrDb: 45, maskError: 1 / 255 },
    int8: { psnrDb: 40, maskError: 2 / 255 },
};
const MORPHS = [0.25, 0.75];
const OUTPUTS = ['out_face_mask:0', 'out_celeb_face:0', 'out_celeb_face_mask:0'];
const MASKS = [0, 2], FACE = 1;

function mean(a, b, error) {
    let sum = 0;
    for (let i = 0; i < a.length; i++) {
        sum += error(a[i] - b[i]);
    }
    return sum / a.length;
}

/** Worst over the crops, which lie one after another in every output. */
function worst(exact, reduced, nCrops, bounds) {
    let psnr = Infinity, error = 0;
    const part = (values, i) => values.subarray(values.length / nCrops * i,
        values.length / nCrops * (i + 1));
    for (let i = 0; i < nCrops; i++) {
        const square = mean(part(exact[FACE], i), part(reduced[FACE], i), (d) => d * d);
        psnr = Math.min(psnr, -10 * Math.log10(square));
        for (const mask of MASKS) {
            error = Math.max(error, mean(part(exact[mask], i), part(reduced[mask], i), Math.abs));
        }
    }
    return { good: psnr >= bounds.psnrDb && error <= bounds.maskError,
        text: `PSNR ${psnr.toFixed(1)} dB, mask error ${(error * 255).toFixed(2)}/255` };
}

const crops = new Map(); // by side

function cropsOf(buildDir, side) {
    if (!crops.has(side)) {
        crops.set(side, realCrops(buildDir, side));
    }
    return crops.get(side);
}

/** Arrays of all outputs; the crops in one batch where the model takes any number. */
function runAll(onnxRun, model, ort, faces, batch, side, morph, precision) {
    const batches = batch ? faces.map((face) => [face]) : [faces];
    const results = batches.map((some) => {
        const data = new Float32Array(some.length * some[0].length);
        some.forEach((face, i) => data.set(face, i * face.length));
        const inputs = [{ name: 'in_face:0',
            tensor: new ort.Tensor('float32', data, [some.length, side, side, 3]) }];
        if (morph !== null) {
            inputs.push({ name: 'morph_value:0', isConst: true,
                tensor: new ort.Tensor('float32', Float32Array.of(morph), [1]) });
        }
        return runOurs(onnxRun, model, inputs, OUTPUTS, ['--precision', precision]).outputs;
    });
    return OUTPUTS.map((_, i) => {
        const joined = new Float32Array(results.length * results[0][i].length);
        results.forEach((outputs, k) => joined.set(outputs[i], k * outputs[i].length));
        return joined;
    });
}

function reducedPrecisions(onnxRun) {
    return execFileSync(onnxRun, ['--precisions'], { encoding: 'utf8' }).trim().split('\n')
        .filter((precision) => precision !== 'f32');
}

async function check(ort, buildDir, onnxRun, precisions, model) {
    const session = await ort.InferenceSession.create(model, { graphOptimizationLevel: 'disabled' });
    const [batch, side] = session.inputMetadata[0].shape;
    const morphs = session.inputNames.length > 1 ? MORPHS : [null];
    await session.release();
    const faces = cropsOf(buildDir, side);
    for (const morph of morphs) {
        const run = (precision) => runAll(onnxRun, model, ort, faces,
            typeof batch === 'number' ? batch : 0, side, morph, precision);
        const exact = run('f32');
        for (const precision of precisions) {
            report(`${path.basename(model)} ${precision}${morph === null ? '' : ` morph ${morph}`}`,
                worst(exact, run(precision), faces.length, BOUNDS[precision]));
        }
    }
}

async function main() {
    const [buildDir, onnxRun, ...given] = process.argv.slice(2);
    if (!onnxRun) {
        console.error('usage: compare_precisions.mjs BUILD_DIR ONNX_RUN [MODEL ...]');
        process.exit(2);
    }
    const ort = loadOnnxRuntime(buildDir);
    const precisions = reducedPrecisions(onnxRun);
    const models = given.length ? given : ['variants', 'demo'].flatMap((folder) => fs
        .readdirSync(path.join(buildDir, folder)).filter((name) => name.endsWith('.dfm')).sort()
        .map((name) => path.join(buildDir, folder, name)));
    for (const model of models) {
        try {
            await check(ort, buildDir, onnxRun, precisions, model);
        } catch (error) {
            report(`${path.basename(model)} run`, { good: false, text: error.message });
        }
    }
    finish();
}

await main();
