// Make one file of the page's modules, and serve the folder: nothing comes from anywhere else.
//
// Run it beside `make run`, in examples/:    npm run browser
import { fileURLToPath } from 'node:url';
import { context } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const bundle = await context({
  entryPoints: [`${here}page.js`],
  outdir: `${here}dist`,
  bundle: true,
  format: 'esm',
  target: 'es2022',
});
const port = Number(process.env.PAGE_PORT ?? 8412);
try {
  await bundle.serve({ host: '127.0.0.1', port, servedir: here });
} catch (error) {
  console.error(/in use/.test(error.message) ? `Port ${port} is taken; set PAGE_PORT.` : error.message);
  process.exit(1);
}
console.log(`The page is on http://127.0.0.1:${port}/`);
