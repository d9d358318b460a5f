// Compares DFMs of every export's kind with ONNX Runtime: in the executor, output by output, for
// one face and several, and through the swap stage's own reading of a DFM.
//
//   node compare_variants.mjs BUILD_DIR ONNX_RUN DFM_RUN MAKE_VARIANTS
//
// MAKE_VARIANTS writes the models. AMP models run with several morph values, which the executor
// knows when it compiles. Half-precision exports are held against their f32 twins, as we compute them
// in f32; against the files themselves, whose every result ONNX Runtime rounds to halves, they are
// held loosely. Closes with 'N passed, N failed'; exit code 77 (skipped) where set-up
// has not installed ONNX Runtime.

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

import { compare, finish, loadOnnxRuntime, report, runOurs, uniform, withFolder } from './ort.mjs';

const MORPHS = [0, 0.25, 0.75, 1];
const FREE_BATCHES = [1, 3];
const OUTPUTS = ['out_face_mask:0', 'out_celeb_face:0', 'out_celeb_face_mask:0'];
const ROUNDING = 0.501 / 255; // of 8-bit results
const HALF_ROUNDING = 0.01; // of a network in halves; x·cos x makes it grow

function run(command, args) {
    const result = spawnSync(command, args, { encoding: 'utf8' });
    if (result.status !== 0) {
        throw new Error(`${command}: ${result.error ?? (result.stderr.trim() || result.signal)}`);
    }
}

/** Faces with 8-bit values, so that both ways of running a DFM can take them. */
function randomFaces(ort, n, side) {
    const numbers = uniform(n);
    const data = Float32Array.from({ length: n * side * side * 3 },
        () => Math.floor(numbers.next().value * 256) / 255);
    return new ort.Tensor('float32', data, [n, side, side, 3]);
}

function inputsFor(ort, session, faces, morph) {
    return session.inputNames.map((name) => (name === 'morph_value:0'
        ? { name, tensor: new ort.Tensor('float32', Float32Array.of(morph), [1]), isConst: true }
        : { name, tensor: faces }));
}

async function expect(session, inputs) {
    const feeds = Object.fromEntries(inputs.map(({ name, tensor }) => [name, tensor]));
    const results = await session.run(feeds);
    return OUTPUTS.map((name) => results[name].data);
}

function runDfm(dfmRun, model, faces, morphs, lengths) {
    return withFolder((folder) => {
        const [face, out] = ['face', 'out'].map((name) => path.join(folder, name));
        fs.writeFileSync(face, Uint8Array.from(faces.data, (value) => Math.round(value * 255)));
        run(dfmRun, [model, face, out, ...morphs.map(String)]);
        const bytes = fs.readFileSync(out);
        let at = 0;
        return morphs.map(() => lengths.map((length) => Float32Array.from(
            bytes.subarray(at, at += length), (value) => value / 255)));
    });
}

async function checkHalf(ort, name, model, faces, expected) {
    const session = await ort.InferenceSession.create(model);
    const actual = await expect(session, inputsFor(ort, session, faces, MORPHS[0]));
    await session.release();
    OUTPUTS.forEach((output, i) => report(`${name} in halves ${output}`,
        compare(expected[i], actual[i], HALF_ROUNDING)));
}

async function checkVariant(ort, tools, model) {
    const name = path.basename(model, '.dfm');
    const twin = path.join(path.dirname(model), 'f32', path.basename(model));
    const isHalf = fs.existsSync(twin);
    const session = await ort.InferenceSession.create(isHalf ? twin : model);
    const [batch, side] = session.inputMetadata[0].shape;
    const morphs = session.inputNames.length > 1 ? MORPHS : [0];
    const order = JSON.stringify(session.outputNames) === JSON.stringify(OUTPUTS);
    report(`${name} order`, { good: order, text: session.outputNames.join(' ') });
    for (const n of typeof batch === 'number' ? [batch] : FREE_BATCHES) {
        const faces = randomFaces(ort, n, side);
        const expected = [];
        for (const morph of morphs) {
            const inputs = inputsFor(ort, session, faces, morph);
            expected.push(await expect(session, inputs));
            const actual = runOurs(tools.onnxRun, model, inputs, OUTPUTS).outputs;
            OUTPUTS.forEach((output, i) => report(`${name} ${n} faces morph ${morph} ${output}`,
                compare(expected.at(-1)[i], actual[i])));
        }
        if (isHalf) {
            await checkHalf(ort, name, model, faces, expected[0]);
        }
        if (n === 1) {
            const lengths = [1, 3, 1].map((channels) => side * side * channels);
            const actual = runDfm(tools.dfmRun, model, faces, morphs, lengths);
            morphs.forEach((morph, k) => OUTPUTS.forEach((output, i) => report(
                `${name} as DFM morph ${morph} ${output}`,
                compare(expected[k][i], actual[k][i], ROUNDING))));
        }
    }
    await session.release();
}

async function main() {
    const [buildDir, onnxRun, dfmRun, makeVariants] = process.argv.slice(2);
    if (!makeVariants) {
        console.error('usage: compare_variants.mjs BUILD_DIR ONNX_RUN DFM_RUN MAKE_VARIANTS');
        process.exit(2);
    }
    const ort = loadOnnxRuntime(buildDir);
    const folder = path.join(buildDir, 'variants');
    fs.rmSync(folder, { recursive: true, force: true });
    run(makeVariants, [folder]);
    for (const file of fs.readdirSync(folder).filter((name) => name.endsWith('.dfm')).sort()) {
        try {
            await checkVariant(ort, { onnxRun, dfmRun }, path.join(folder, file));
        } catch (error) {
            report(`${file} run`, { good: false, text: error.message });
        }
    }
    finish();
}

await main();
