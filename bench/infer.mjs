// Times a DFM in our executor and in ONNX Runtime, run by run in turn. See infer.sh.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { realCrops } from '../tools/crops.mjs';

const PRECISIONS = ['f32', 'bf16', 'int8'];
const MORPH = 0.75;
const N_WARM = 2;
const MIN_RUNS = 15;
const BATCH = 4;
const EXIT_UNSUPPORTED = 5; // of infer-pace
const REST_MS = 30; // threads of the side that has run stop spinning
const OUTPUTS = ['out_face_mask:0', 'out_celeb_face:0', 'out_celeb_face_mask:0'];
const N_CORES = os.availableParallelism();
const LIMIT = process.env.ONEDNN_MAX_CPU_ISA ?? null;
const PEER_LIMIT = process.env.CPU_LIMIT_ACTIVE ? process.env.CPU_LIMIT : null;

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const { values: options, positionals } = parseArgs({
    allowPositionals: true,
    options: {
        json: { type: 'boolean' },
        profile: { type: 'boolean' },
        runs: { type: 'string', default: String(MIN_RUNS) },
        precisions: { type: 'string', default: PRECISIONS.join() },
        'build-dir': { type: 'string', default: path.join(root, 'build') },
    },
});
const precisions = options.precisions.split(',');
if (positionals.length !== 1 || !precisions.every((precision) => PRECISIONS.includes(precision))) {
    console.error('usage: infer.sh MODEL.dfm [--json] [--runs N] [--precisions f32,bf16,int8] [--profile]');
    console.error('                [--build-dir DIR]');
    process.exit(2);
}
const model = positionals[0];
const build = options['build-dir'];
const nRuns = Math.max(MIN_RUNS, Number(options.runs) || 0);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'memoface-infer-'));
process.on('exit', () => fs.rmSync(folder, { recursive: true }));

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const rest = () => new Promise((resolve) => { setTimeout(resolve, REST_MS); });

class Peer {
    static async load(faces) {
        const peer = new Peer();
        const ort = createRequire(path.resolve(build, 'npm') + path.sep)('onnxruntime-node');
        peer.session = await ort.InferenceSession.create(model,
            { intraOpNumThreads: N_CORES, interOpNumThreads: 1, graphOptimizationLevel: 'all' });
        const dims = [1, ...peer.session.inputMetadata[0].shape.slice(1)];
        peer.side = dims[1];
        peer.isFixed = typeof peer.session.inputMetadata[0].shape[0] === 'number';
        const [face, ...others] = peer.session.inputNames;
        peer.faces = faces(peer.side);
        peer.feeds = { [face]: new ort.Tensor('float32', peer.faces[0], dims) };
        if (others.length) {
            peer.feeds[others[0]] = new ort.Tensor('float32', Float32Array.of(MORPH), [1]);
        }
        const results = await peer.session.run(peer.feeds);
        peer.expected = OUTPUTS.map((name) => results[name].data);
        return peer;
    }

    async run() {
        const start = performance.now();
        await this.session.run(this.feeds);
        return performance.now() - start;
    }
}

/** Our side: a process that runs the model once for each line it gets. */
class Ours {
    /** Null where this machine, or the limit set for it, lacks the precision. */
    static async start({ precision, threads, batch, faces, weights }) {
        const ours = new Ours();
        ours.out = path.join(folder, 'out');
        const args = [model, precision, String(threads), String(batch), faces, ours.out];
        ours.process = spawn(path.join(build, 'bench', 'infer-pace'),
            weights ? [...args, weights] : args, { stdio: ['pipe', 'pipe', 'inherit'] });
        ours.lines = readline.createInterface({ input: ours.process.stdout })[Symbol.asyncIterator]();
        const ready = await ours.lines.next();
        if (ready.done) {
            const [code] = ours.process.exitCode === null
                ? await once(ours.process, 'exit') : [ours.process.exitCode];
            if (code === EXIT_UNSUPPORTED) {
                return null;
            }
            throw new Error(`infer-pace failed with ${precision}`);
        }
        [, ours.loadMs, ours.isa] = ready.value.split(' ');
        return ours;
    }

    async run() {
        this.process.stdin.write('\n');
        return Number((await this.lines.next()).value);
    }

    /** Ends the process; returns its peak memory. */
    async end() {
        this.process.stdin.end();
        return Number((await this.lines.next()).value.split(' ')[1]);
    }
}

function readOutputs(file, lengths) {
    const bytes = fs.readFileSync(file);
    const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    let at = 0;
    return lengths.map((length) => values.subarray(at, at += length));
}

function meanOf(a, b, error) {
    let sum = 0;
    for (let i = 0; i < a.length; i++) {
        sum += error(a[i] - b[i]);
    }
    return sum / a.length;
}

/** How far our first result is from ONNX Runtime's in f32. */
function quality(expected, file) {
    const actual = readOutputs(file, expected.map((values) => values.length));
    const square = meanOf(expected[1], actual[1], (d) => d * d);
    const masks = [0, 2].map((i) => meanOf(expected[i], actual[i], Math.abs));
    return { psnr_db: Number((-10 * Math.log10(Math.max(square, 1e-20))).toFixed(2)),
        mask_mae: Number(Math.max(...masks).toPrecision(3)) };
}

async function measure(ours, peer) {
    const times = { ours: [], peer: [] };
    for (let i = 0; i < N_WARM + nRuns; i++) {
        const sides = { ours: await ours.run() };
        await rest();
        if (peer) {
            sides.peer = await peer.run();
            await rest();
        }
        for (const side of i >= N_WARM ? Object.keys(sides) : []) {
            times[side].push(sides[side]);
        }
    }
    return { ours_ms: median(times.ours), peer_ms: peer && median(times.peer) };
}

const round = (value, digits = 2) => Number(value.toFixed(digits));

async function measurePrecision(peer, precision, faces) {
    const weights = path.join(folder, `weights-${precision}`);
    const one = { precision, threads: N_CORES, batch: 1, faces, weights };
    const cold = await Ours.start(one);
    if (!cold) {
        return null;
    }
    const rss = await cold.end();
    const ours = await Ours.start(one);
    const { psnr_db, mask_mae } = quality(peer.expected, ours.out);
    const { ours_ms, peer_ms } = await measure(ours, peer);
    const warmRss = await ours.end();
    const result = { precision, ours_ms: round(ours_ms), peer_ms: round(peer_ms),
        ratio: round(peer_ms / ours_ms), batch4_ms_per_face: null, one_core_ms: null,
        psnr_db, mask_mae, load_ms: Number(cold.loadMs), warm_load_ms: Number(ours.loadMs),
        rss_bytes: rss, warm_rss_bytes: warmRss, isa: ours.isa };
    const single = await Ours.start({ ...one, threads: 1 });
    result.one_core_ms = round((await measure(single)).ours_ms);
    await single.end();
    if (!peer.isFixed) {
        const batch = await Ours.start({ ...one, batch: BATCH });
        result.batch4_ms_per_face = round((await measure(batch)).ours_ms / BATCH);
        await batch.end();
    }
    fs.rmSync(weights, { force: true });
    return result;
}

function print(results) {
    const row = (...cells) => cells.map((cell) => String(cell ?? '-').padStart(11)).join('');
    console.log(`${path.basename(model)}, ${N_CORES} cores, ${results[0].isa}`
        + (LIMIT ? `; limited to ${LIMIT}${PEER_LIMIT ? '' : ', but for ONNX Runtime'}` : ''));
    console.log(row('precision', 'ours ms', 'peer ms', 'ratio', 'batch 4/face', 'one core',
        'PSNR dB', 'mask MAE', 'load ms', 'warm ms', 'RSS MB'));
    for (const r of results) {
        console.log(row(r.precision, r.ours_ms, r.peer_ms, r.ratio, r.batch4_ms_per_face,
            r.one_core_ms, r.psnr_db, r.mask_mae, r.load_ms, r.warm_load_ms,
            Math.round(r.rss_bytes / 1e6)));
    }
}

function profile(precision, faces, side) {
    const args = [model, '--precision', precision, '--profile', String(nRuns),
        '--in', `in_face:0=${faces}:1x${side}x${side}x3`];
    spawnSync(path.join(build, 'tools', 'onnx-run'), args, { stdio: ['ignore', 'inherit', 'inherit'] });
}

/** What is never chosen unasked does not make the headline. */
const isCoarse = (result) => result.precision === 'int8';

async function main() {
    const peer = await Peer.load((side) => realCrops(build, side));
    const faces = path.join(folder, 'faces');
    const first = Array.from({ length: BATCH }, (_, i) => peer.faces[i % peer.faces.length]);
    fs.writeFileSync(faces, Buffer.concat(first.map((face) => Buffer.from(face.buffer))));
    const results = [];
    for (const precision of precisions) {
        const result = await measurePrecision(peer, precision, faces);
        if (result) {
            results.push(result);
        }
    }
    const best = [...results].sort((a, b) => isCoarse(a) - isCoarse(b) || a.ours_ms - b.ours_ms)[0];
    if (options.json) {
        console.log(JSON.stringify({ ...best, model: path.basename(model), cores: N_CORES,
            isa_limit: LIMIT, peer_isa_limit: PEER_LIMIT,
            precisions: Object.fromEntries(results.map((r) => [r.precision, r])) }));
    } else {
        print(results);
    }
    if (options.profile) {
        fs.truncateSync(faces, peer.faces[0].byteLength);
        profile(best.precision, faces, peer.side);
    }
    await peer.session.release();
}

await main();
