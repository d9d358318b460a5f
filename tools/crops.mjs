// Real crops to run models on: the largest face of the sample pictures and of some frames of the
// demo clip, aligned as the swap stage does it. Needs FFmpeg and what set-up makes.

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

const FRAME = 640; // pictures are fitted into a square of this side
const SAMPLES = 'npm/node_modules/@vladmandic/face-api/demo';

function run(command, args, input) {
    const result = spawnSync(command, args, { input, maxBuffer: 2 ** 30 });
    if (result.status !== 0) {
        throw new Error(`${command}: ${result.error ?? (result.stderr.toString().trim() || result.signal)}`);
    }
    return result.stdout;
}

function frames(file, seconds) {
    const fit = `scale=${FRAME}:${FRAME}:force_original_aspect_ratio=decrease,`
        + `pad=${FRAME}:${FRAME}:(ow-iw)/2:(oh-ih)/2`;
    const rate = seconds ? `fps=1/${seconds},` : '';
    return run('ffmpeg', ['-v', 'error', '-nostdin', '-i', file, '-vf', rate + fit,
        '-f', 'rawvideo', '-pix_fmt', 'bgr24', '-']);
}

/** Crops of `side` pixels, each a Float32Array of side × side × 3, BGR 0..1. */
export function realCrops(buildDir, side) {
    const samples = path.join(buildDir, SAMPLES);
    const files = fs.existsSync(samples)
        ? fs.readdirSync(samples).filter((name) => name.endsWith('.jpg')).sort() : [];
    const pictures = files.map((name) => frames(path.join(samples, name)));
    const clip = path.join(buildDir, 'demo', 'clip.mp4');
    if (fs.existsSync(clip)) {
        pictures.push(frames(clip, 3));
    }
    const models = ['ssd_mobilenetv1.onnx', 'face_landmark_68.onnx']
        .map((name) => path.join(buildDir, 'models', name));
    const bytes = run(path.join(buildDir, 'tools', 'cut-crops'),
        [...models, String(FRAME), String(FRAME), String(side)], Buffer.concat(pictures));
    const length = side * side * 3;
    return Array.from({ length: bytes.length / length }, (_, i) => Float32Array.from(
        bytes.subarray(i * length, (i + 1) * length), (value) => value / 255));
}
