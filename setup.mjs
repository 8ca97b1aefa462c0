// What `npm start` and `npm test` call on a clone that may have nothing installed yet, hence plain JavaScript
// and no dependency: install what is missing, build, then do the job. A second call installs nothing.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(fileURLToPath(import.meta.url));
const [job = 'build', ...rest] = process.argv.slice(2);

const JOBS = {
  build: () => build(),
  start: () => build() || node('dist/harness/cli.js', ...(rest.length > 0 ? rest : ['run', 'batching'])),
  test: () => systemTools(TEST_TOOLS) || build() || lint() || vitest('vitest.config.ts'),
  truth: () => build() || vitest('vitest.truth.config.ts'),
  fuzz: () => build() || node('dist/test/fuzz/fuzz.js', ...rest),
  soak: () => systemTools(TEST_TOOLS) || build() || node('dist/test/bench/soak.js', ...rest),
  bench: () => systemTools(BENCH_TOOLS) || build() || node('dist/test/bench/bench.js', ...rest),
  'bench-server': () =>
    systemTools(TEST_TOOLS) || build() || node('dist/test/bench/bench-server.js', ...rest),
};

/** Commands (or files) and the Debian packages that hold them. */
const TEST_TOOLS = {
  chromium: 'chromium',
  gcc: 'gcc',
  taskset: 'util-linux',
  nginx: 'nginx-light',
  haproxy: 'haproxy',
  nghttpd: 'nghttp2-server',
  'redis-server': 'redis-server',
  '/usr/lib/python3/dist-packages/grpc/__init__.py': 'python3-grpcio',
};
const BENCH_TOOLS = {
  gcc: 'gcc',
  taskset: 'util-linux',
  nginx: 'nginx-light',
  wrk: 'wrk',
  hey: 'hey',
  h2load: 'nghttp2-client',
};

requireNode();
installPackages();
process.exit((await JOBS[job]()) ?? 0);

function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 20)) return;
  console.error(`inferometer needs Node 20.20 or newer; this is ${process.versions.node}.`);
  process.exit(3);
}

/** Runs `npm ci` when node_modules does not hold exactly what the lock file says. */
function installPackages() {
  const stamp = join(root, 'node_modules', '.inferometer-installed');
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  console.log('Installing the packages of package-lock.json (first time only) ...');
  // With the development packages, also where NODE_ENV says production: building needs them.
  const npm = spawnSync('npm', ['ci', '--include=dev', '--no-audit', '--no-fund'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (npm.status !== 0) process.exit(npm.status ?? 4);
  writeFileSync(stamp, wanted);
}

/** TypeScript to dist/. Returns a non-zero code when it does not compile. */
function build() {
  const tsc = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', root], {
    stdio: 'inherit',
  });
  if (tsc.status !== 0) return tsc.status;
  removeOrphans('');
  chmodSync(join(root, 'dist/harness/cli.js'), 0o755);
  return 0;
}

/** The compiler leaves what it made of sources that are gone; a package would ship it. */
function removeOrphans(folder) {
  for (const entry of readdirSync(join(root, 'dist', folder), { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) removeOrphans(path);
    else if (!existsSync(join(root, path.replace(/\.(js|d\.ts)(\.map)?$/, '.ts'))))
      rmSync(join(root, 'dist', path));
  }
}

function lint() {
  return spawnSync(process.execPath, [join(root, 'node_modules/@biomejs/biome/bin/biome'), 'ci', '.'], {
    cwd: root,
    stdio: 'inherit',
  }).status;
}

function vitest(config) {
  return node('node_modules/vitest/vitest.mjs', 'run', '--config', config, ...rest);
}

/**
 * The tests use a real browser, a C compiler and gRPC servers that others wrote, the benches other load generators. Where
 * this user may install Debian packages they are installed; elsewhere one line says what is missing, and what needs it
 * is left out with that reason.
 */
function systemTools(wanted) {
  const missing = Object.entries(wanted).filter(([command]) => !onPath(command));
  if (missing.length === 0) return 0;
  const packages = missing.map(([, name]) => name);
  const command = `apt-get install -y ${packages.join(' ')}`;
  if (process.getuid?.() === 0 && onPath('apt-get')) {
    console.log(`Installing what this uses: ${command} ...`);
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    spawnSync('apt-get', ['update', '-qq'], { stdio: 'ignore', env });
    spawnSync('apt-get', ['install', '-y', '-qq', ...packages], { stdio: 'ignore', env });
  }
  const still = missing.filter(([name]) => !onPath(name)).map(([name]) => name);
  if (still.length > 0) console.log(`Missing for a part of it: ${still.join(', ')}. Get it: ${command}`);
  return 0;
}

function onPath(command) {
  const folders = command.startsWith('/') ? ['/'] : [...(process.env.PATH ?? '').split(':'), '/usr/sbin'];
  return folders.some((folder) => existsSync(join(folder, command)));
}

/**
 * Runs a script to its end and answers with its exit code. Ctrl-C reaches the script by the terminal, which tells the
 * whole group; any other signal came to this process alone and is passed on. A second copy would cut a drain short.
 */
function node(script, ...args) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(root, script), ...args], { cwd: root, stdio: 'inherit' });
    for (const signal of ['SIGINT', 'SIGTERM']) {
      process.on(signal, () => {
        if (signal === 'SIGTERM' || process.stdin.isTTY !== true) child.kill(signal);
      });
    }
    child.on('exit', (code, signal) => resolve(code ?? (signal === null ? 4 : 130)));
  });
}
