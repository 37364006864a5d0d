//! The page, as people use it: in Chromium, by mouse and by keys.
//!
//! What there was to see is kept below `target/screenshots`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use fs_err as fs;
use serde_json::{Value, json};
use shipload_context::{
    Archive, ArchiveOptions, DockerfileChoice, Plan, Progress, Recipe, Request, Semantics,
};
use shipload_explain::{Churn, Page, Usage};
use shipload_testkit::browser::{Browser, Key};

use super::{context, plan, write};

/// Writes the page of a plan beside what it is about.
fn page(plan: &Plan, at: &Path) -> PathBuf {
    let least = plan.referenced(&Request::default()).unwrap();
    let usage = Usage::of(plan, Some(&least));
    let churn = Churn::of(plan, Some(&least), 1000);
    let file = at.join("page.html");
    let page = Page::new(plan, Some(&least), &usage).churn(churn.as_ref());
    page.save(&file).unwrap();
    file
}

/// A project of which `src` is read.
fn project() -> tempfile::TempDir {
    let temp = context(
        &[
            ("src/main.js", 60_000),
            ("src/pages/start.js", 40_000),
            ("src/pages/end.js", 30_000),
            ("src/style.css", 9_000),
            ("docs/manual.pdf", 70_000),
            ("node_modules/left/index.js", 120_000),
            ("node_modules/left/index.js.map", 90_000),
            ("node_modules/right/index.js", 50_000),
            ("web/node_modules/left/index.js", 20_000),
        ],
        "FROM scratch\nCOPY src /srv/\n",
    );
    fs::create_dir(temp.path().join("empty")).unwrap();
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        git.arg("-C")
            .arg(temp.path())
            .args(["-c", "user.name=n", "-c", "user.email=e"]);
        assert!(
            git.args(arguments).output().unwrap().status.success(),
            "git {arguments:?}"
        );
    };
    git(&["init", "--quiet"]);
    write(temp.path(), ".gitignore", b"node_modules\n");
    for number in 0..4 {
        write(temp.path(), "src/style.css", &vec![b'0' + number; 9_000]);
        git(&["add", "--all"]);
        git(&["commit", "--quiet", "--message=m"]);
    }
    write(temp.path(), ".dockerignore", b".git\n");
    temp
}

/// What the page says of a thing, by a script's expression.
fn told(browser: &Browser, expression: &str) -> Value {
    browser.run(&format!("return {expression}")).unwrap()
}

fn text(browser: &Browser, selector: &str) -> String {
    let text = told(
        browser,
        &format!("document.querySelector({}).innerText", json!(selector)),
    );
    text.as_str()
        .unwrap()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// Waits until something is so: a click's effect may come a moment later.
#[track_caller]
fn until(browser: &Browser, expression: &str) {
    let end = Instant::now() + Duration::from_secs(60);
    while told(browser, expression) != json!(true) {
        assert!(
            Instant::now() < end,
            "never was {expression}; {}",
            text(browser, "main")
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn shows(path: &str) -> String {
    format!(
        "document.querySelector('#level-title').textContent.startsWith({})",
        json!(format!("{path}: "))
    )
}

fn says(text: &str) -> String {
    format!(
        "document.querySelector('#voice').textContent === {}",
        json!(text)
    )
}

#[track_caller]
fn nothing_is_wrong(browser: &Browser) {
    assert_eq!(browser.console().unwrap(), Vec::<String>::new());
    assert_eq!(
        told(browser, "performance.getEntriesByType('resource').length"),
        json!(0),
        "it loads nothing"
    );
}

#[test]
fn a_walk_by_mouse() {
    let Some(browser) = Browser::for_test() else {
        return;
    };
    let project = project();
    let pages = tempfile::tempdir().unwrap();
    let file = page(&plan(project.path()), pages.path());
    browser.open(&file).unwrap();
    nothing_is_wrong(&browser);
    let facts = text(&browser, "#facts");
    assert!(
        facts.contains("in files 489 kB")
            && facts.contains("not read by the Dockerfile 350 kB (72 %)"),
        "{facts}"
    );
    assert_eq!(text(&browser, "#legend"), "read by the Dockerfile not read");
    until(&browser, &shows("The context"));
    browser.keep_screenshot("du-light").unwrap();

    // The largest is at the top left.
    let canvas = told(
        &browser,
        "(({width, height}) => [width, height])(document.querySelector('#map').getBoundingClientRect())",
    );
    let (width, height) = (canvas[0].as_f64().unwrap(), canvas[1].as_f64().unwrap());
    assert!(width > 600.0 && height > 300.0, "{canvas}");
    #[expect(clippy::cast_possible_truncation, reason = "some hundred pixels")]
    let corner = (20 - width as i64 / 2, 40 - height as i64 / 2);
    // The mouse tells of what is deep inside.
    browser.point_at("#map", corner.0, corner.1 + 40).unwrap();
    let deepest = "node_modules/left/index.js: file, 120 kB, 25 %, not read";
    until(
        &browser,
        &format!("document.querySelector('#info').textContent === '{deepest}'"),
    );
    browser.click_at("#map", corner.0, corner.1).unwrap();
    until(&browser, &shows("node_modules"));
    assert_eq!(text(&browser, "#crumbs [aria-current]"), "node_modules");
    assert_eq!(
        text(&browser, "#level-title"),
        "node_modules: 260 kB, 6 entries"
    );
    browser.click_at("#map", corner.0, corner.1).unwrap();
    until(&browser, &shows("node_modules/left"));
    browser.keep_screenshot("du-opened").unwrap();
    browser.click("#crumbs li:nth-child(2) button").unwrap();
    until(&browser, &shows("node_modules"));
    browser.run("history.back()").unwrap();
    until(&browser, &shows("node_modules/left"));
    browser.click("#crumbs li:first-child button").unwrap();
    until(&browser, &shows("The context"));
    nothing_is_wrong(&browser);
}

#[test]
fn a_walk_by_keys() {
    let Some(browser) = Browser::for_test() else {
        return;
    };
    let project = project();
    let pages = tempfile::tempdir().unwrap();
    let file = page(&plan(project.path()), pages.path());
    browser.open(&file).unwrap();
    // Past the way to the map, along it, into a directory and out.
    browser.press(&[Key::Tab, Key::Tab]).unwrap();
    assert_eq!(told(&browser, "document.activeElement.id"), "map");
    let outline = told(
        &browser,
        "getComputedStyle(document.activeElement).outlineWidth",
    );
    assert_eq!(outline, "3px", "the focus is visible");
    browser.press(&[Key::Right]).unwrap();
    until(
        &browser,
        &says("src: directory, 139 kB, 28 %, 6 entries, read"),
    );
    browser.keep_screenshot("du-keys").unwrap();
    browser.press(&[Key::Enter]).unwrap();
    until(&browser, &shows("src"));
    until(
        &browser,
        &says("src: directory, 139 kB, 28 %, 6 entries, read"),
    );
    browser.press(&[Key::Escape]).unwrap();
    until(&browser, &shows("The context"));
    until(
        &browser,
        "document.querySelector('#list [aria-selected=true]').textContent.startsWith('src/')",
    );
    browser.press(&[Key::Left]).unwrap();
    until(
        &browser,
        &says("node_modules: directory, 260 kB, 53 %, 6 entries, not read"),
    );

    // The same in the list.
    browser.press(&[Key::Tab]).unwrap();
    assert_eq!(told(&browser, "document.activeElement.id"), "list");
    browser.press(&[Key::Down, Key::Down]).unwrap();
    until(
        &browser,
        &says("docs: directory, 70.0 kB, 14 %, 2 entries, not read"),
    );
    browser.press(&[Key::End]).unwrap();
    until(
        &browser,
        &says("empty: directory, 0 B, 0 %, 1 entry, not read"),
    );
    browser.press(&[Key::Enter]).unwrap();
    until(&browser, &shows("empty"));
    assert_eq!(text(&browser, "#rest"), "This directory is empty.");
    browser.press(&[Key::Left, Key::Home]).unwrap();
    until(
        &browser,
        &says("node_modules: directory, 260 kB, 53 %, 6 entries, not read"),
    );
    let active = told(
        &browser,
        "document.getElementById(document.activeElement.getAttribute('aria-activedescendant')).textContent",
    );
    assert_eq!(active, "node_modules/260 kB6 entriesnot read");
    nothing_is_wrong(&browser);
}

#[test]
fn what_is_told_to_those_who_do_not_see() {
    let Some(browser) = Browser::for_test() else {
        return;
    };
    let project = project();
    let pages = tempfile::tempdir().unwrap();
    browser
        .open(&page(&plan(project.path()), pages.path()))
        .unwrap();
    let tree = browser.accessible().unwrap();
    let name = project.path().file_name().unwrap().to_str().unwrap();
    let root = "Treemap of the context: directory, 489 kB, 100 %, 22 entries, 72 % not read";
    for (role, name) in [
        ("heading", format!("Build context of {name}").as_str()),
        ("navigation", "Directory shown"),
        ("application", root),
        ("listbox", "The context: 489 kB, 22 entries"),
        ("option", "src/ 139 kB 6 entries read"),
        ("option", "Dockerfile 28 B file read"),
        ("status", ""),
        ("region", "Biggest files"),
        ("columnheader", "commits"),
        ("button", "src/pages/start.js"),
    ] {
        let wanted = (role.to_owned(), name.to_owned());
        assert!(tree.contains(&wanted), "{wanted:?} is not in {tree:#?}");
    }
}

/// Rows of a table as text.
fn table(browser: &Browser, title: &str) -> Vec<String> {
    let script = format!(
        "const section = [...document.querySelectorAll('#tables section')].find((one) => one.firstChild.textContent === {});\
         return [...section.querySelectorAll('tbody tr')].map((row) => row.innerText.replace(/\\s+/g, ' ').trim());",
        json!(title)
    );
    let rows = browser.run(&script).unwrap();
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| row.as_str().unwrap().to_owned()).collect()
}

#[test]
fn tables_lead_to_the_map() {
    let Some(browser) = Browser::for_test() else {
        return;
    };
    let project = project();
    let pages = tempfile::tempdir().unwrap();
    browser
        .open(&page(&plan(project.path()), pages.path()))
        .unwrap();
    let rows: &[(&str, &[&str])] = &[
        (
            "Rules that would take the most out",
            &[
                "320 kB 6 **/*.js read by Dockerfile:2 src",
                "280 kB 9 **/node_modules not read",
            ],
        ),
        (
            "Not read by the Dockerfile",
            &[
                "260 kB 6 node_modules/",
                "70.0 kB 2 docs/",
                "20.0 kB 4 web/",
            ],
        ),
        (
            "Biggest directories",
            &[
                "260 kB 6 node_modules/",
                "210 kB 3 node_modules/left/",
                "139 kB 6 src/",
            ],
        ),
        (
            "Biggest files",
            &[
                "120 kB node_modules/left/index.js",
                "90.0 kB node_modules/left/index.js.map",
            ],
        ),
        (
            "Changed most often in git",
            &[
                "4 src/style.css read by Dockerfile:2 src",
                "1 .gitignore",
                "1 Dockerfile",
            ],
        ),
    ];
    for (title, expected) in rows {
        let found = table(&browser, title);
        assert_eq!(&found[..expected.len()], *expected, "{title}");
    }
    browser
        .run("document.querySelector('#tables').scrollIntoView()")
        .unwrap();
    browser.keep_screenshot("du-tables").unwrap();
    browser.run("[...document.querySelectorAll('#tables button')].find((one) => one.textContent === 'src/pages/end.js').click()").unwrap();
    until(&browser, &shows("src/pages"));
    until(
        &browser,
        "document.querySelector('#list [aria-selected=true]').textContent.startsWith('end.js')",
    );
    assert_eq!(told(&browser, "document.activeElement.id"), "map");
    nothing_is_wrong(&browser);
}

/// The least contrasts of text in the page, of words in the map, and of the chosen tile's frame: as WCAG 2 has them.
const CONTRASTS: &str = r"
    const pen = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const rgb = (colour) => { pen.clearRect(0, 0, 1, 1); pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1); return [...pen.getImageData(0, 0, 1, 1).data]; };
    const light = (colour) => {
      const [r, g, b] = rgb(colour).map((part) => part / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const contrast = (a, b) => { const [x, y] = [light(a), light(b)].sort((x, y) => y - x); return (x + 0.05) / (y + 0.05); };
    const ground = (element) => {
      for (let at = element; at; at = at.parentElement) { const colour = getComputedStyle(at).backgroundColor; if (rgb(colour)[3] === 255) return colour; }
    };
    const words = [...document.querySelectorAll('body *')].filter((one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim()) && one.checkVisibility() && !/SCRIPT|STYLE/.test(one.tagName));
    const texts = words.map((one) => [contrast(getComputedStyle(one).color, ground(one)), one.textContent.slice(0, 40)]);
    const tiles = HUES.flatMap((hue) => [0, 1, 2, 3, 4].flatMap((depth) => [true, false].map((left) => { const { fill, ink } = colours(hue, depth, left); return [contrast(fill, ink), `${hue} ${depth} ${left}`]; })));
    const accent = getComputedStyle(document.body).getPropertyValue('--accent');
    const least = (all) => all.reduce((a, b) => (a[0] < b[0] ? a : b));
    return [texts.length, least(texts), least(tiles), contrast(accent, getComputedStyle(document.body).backgroundColor)];
";

#[test]
fn readable_in_light_and_dark() {
    let Some(browser) = Browser::for_test() else {
        return;
    };
    let project = project();
    let pages = tempfile::tempdir().unwrap();
    browser
        .open(&page(&plan(project.path()), pages.path()))
        .unwrap();
    let ground = "getComputedStyle(document.body).backgroundColor";
    for (scheme, colour) in [("light", "rgb(255, 255, 255)"), ("dark", "rgb(13, 17, 23)")] {
        browser.prefer("prefers-color-scheme", scheme).unwrap();
        until(&browser, &format!("{ground} === '{colour}'"));
        browser
            .keep_screenshot(&format!("du-contrast-{scheme}"))
            .unwrap();
        let found = browser.run(CONTRASTS).unwrap();
        assert!(found[0].as_u64().unwrap() > 50, "{found}");
        for (place, least) in [(1, 4.5), (2, 4.5)] {
            assert!(
                found[place][0].as_f64().unwrap() >= least,
                "{scheme}: {found}"
            );
        }
        assert!(found[3].as_f64().unwrap() >= 3.0, "{scheme}: {found}");
    }
    browser
        .run("document.querySelector('#map').focus()")
        .unwrap();
    browser.press(&[Key::Right]).unwrap();
    browser.keep_screenshot("du-dark").unwrap();
    nothing_is_wrong(&browser);
}

#[test]
fn names_do_nothing() {
    let Some(browser) = Browser::for_test() else {
        return;
    };
    let names: &[&[u8]] = &[
        b"<",
        b"<!--",
        b"<script>",
        b"<img src=x onerror=document.sprung=1>",
        b"\"'`);document.sprung=1;({\"a\":\"",
        b"{{data}}{{script}}",
        b"&lt;b&gt;&amp;",
        b"\\u003cb>",
        b"</script ><svg onload=document.sprung=1>",
        b"__proto__",
        b"constructor",
        b"\xff\xfe<b>",
        b"\xed\xa0\x80",
        b"line\nbreak\ttab\x1b[2J",
        "\u{202e}txt.exe".as_bytes(),
        "\u{2028}\u{2029}\u{feff}".as_bytes(),
        "日本 é e\u{301} \u{1f4a3}".as_bytes(),
    ];
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("<i>&\"'{{style}}");
    fs::create_dir(&dir).unwrap();
    write(
        &dir,
        "Dockerfile",
        b"FROM scratch\nCOPY [\"<script>\", \"/\"]\n",
    );
    for name in names {
        // Slashes end names of directories, so that these hold a whole end tag between them.
        let path = dir.join(std::ffi::OsStr::from_bytes(name)).join("a");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "x".repeat(1000)).unwrap();
        fs::write(
            path.with_file_name("script><script>document.sprung=1<"),
            "x",
        )
        .unwrap();
    }
    let html = fs::read(page(&plan(&dir), temp.path())).unwrap();
    let html = String::from_utf8(html).unwrap();
    // One for the data and one for the script.
    assert_eq!(html.matches("</script").count(), 2);
    assert_eq!(html.matches("<script").count(), 2);
    assert!(!html.contains("</script><script>document"));

    browser.open(&temp.path().join("page.html")).unwrap();
    browser.keep_screenshot("du-hostile").unwrap();
    nothing_is_wrong(&browser);
    assert_eq!(told(&browser, "document.sprung ?? null"), Value::Null);
    assert_eq!(
        told(&browser, "document.title"),
        "Build context of <i>&\"'{{style}}"
    );
    assert_eq!(
        told(
            &browser,
            "document.querySelectorAll('img, svg, iframe, i:not(#legend i)').length"
        ),
        json!(0)
    );
    let listed = told(
        &browser,
        "[...document.querySelectorAll('#list b')].map((one) => one.textContent)",
    );
    let listed: Vec<&str> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
        .collect();
    let mut expected = String::new();
    for name in names.iter().filter(|name| !name.contains(&b'/')) {
        let shown = format!("{}/", shipload_context::show(name));
        if !listed.contains(&shown.as_str()) {
            let _ = writeln!(expected, "{shown:?}");
        }
    }
    assert!(expected.is_empty(), "not listed: {expected}in {listed:#?}");
    // What the policy does to what got in all the same: a script, a request (told twice), an image.
    browser.run("const script = document.createElement('script'); script.textContent = 'document.sprung = 1'; document.body.append(script)").unwrap();
    assert_eq!(told(&browser, "document.sprung ?? null"), Value::Null);
    browser.run("fetch('http://127.0.0.1:9/').catch(() => {}); document.body.append(Object.assign(new Image(), { src: 'http://127.0.0.1:9/' }))").unwrap();
    let refused = browser.console().unwrap();
    assert_eq!(
        refused
            .iter()
            .filter(|line| line.contains("Content Security Policy"))
            .count(),
        4,
        "{refused:#?}"
    );
}

/// What was listed is all there is, whoever builds: the classic builder is sent no directory that is excluded itself.
#[test]
fn what_is_no_entry_does_not_count() {
    let Some(browser) = Browser::for_test() else {
        return;
    };
    let temp = context(&[("a/b/kept", 500), ("a/gone", 9)], "FROM scratch\n");
    write(temp.path(), ".dockerignore", b"*\n!a/b/kept\n");
    let pages = tempfile::tempdir().unwrap();
    for semantics in [Semantics::Classic, Semantics::BuildKit] {
        let recipe = Recipe::new(temp.path()).semantics(semantics);
        let plan = recipe.plan(&Progress::new()).unwrap();
        // The classic builder's two build files, BuildKit's two directories.
        assert_eq!(plan.view.len(), 3, "{semantics:?}");
        browser.open(&page(&plan, pages.path())).unwrap();
        let title = text(&browser, "#level-title");
        assert!(title.ends_with(", 3 entries"), "{semantics:?}: {title}");
        nothing_is_wrong(&browser);
    }
}

/// What share of the map has the colour of the ground.
const BARE: &str = r"
    const { width, height } = picture;
    const { data } = picture.getContext('2d').getImageData(0, 0, width, height);
    let bare = 0;
    for (let at = 0; at < data.length; at += 4) if (data[at] === 255 && data[at + 1] === 255 && data[at + 2] === 255) bare++;
    return bare / (width * height);
";

#[test]
fn small_files_fill_the_map_together() {
    let Some(browser) = Browser::for_test() else {
        return;
    };
    let temp = context(&[("large", 40_000)], "FROM scratch\n");
    for number in 0..20_000 {
        fs::write(temp.path().join(format!("{number}")), [0; 4]).unwrap();
    }
    let pages = tempfile::tempdir().unwrap();
    browser
        .open(&page(&plan(temp.path()), pages.path()))
        .unwrap();
    browser.keep_screenshot("du-small-files").unwrap();
    let bare = browser.run(BARE).unwrap();
    assert!(bare.as_f64().unwrap() < 0.02, "{bare}");
    browser.point_at("#map", 300, 0).unwrap();
    let told = "20,000 too small to draw: 80.0 kB, not read";
    until(
        &browser,
        &format!("document.querySelector('#info').textContent === '{told}'"),
    );
    nothing_is_wrong(&browser);
}

/// An archive with a hundred thousand files in five thousand directories.
fn large() -> Archive {
    let mut tar = Vec::new();
    let mut entry = |path: &str, size: usize| {
        let mut header = tar::Header::new_ustar();
        header.set_path(path).unwrap();
        header.set_size(size as u64);
        header.set_mode(0o644);
        header.set_cksum();
        tar.write_all(header.as_bytes()).unwrap();
        tar.resize(tar.len() + size.next_multiple_of(512), 0);
    };
    entry("Dockerfile", 0);
    for number in 0..100_000_usize {
        let (package, part) = (number % 1000, number / 1000 % 5);
        let path = format!("node_modules/package-{package}/part-{part}/file-{number}.js");
        entry(&path, (number * 7919) % 700);
    }
    tar.resize(tar.len() + 1024, 0);
    Archive::from_reader("large.tar", &tar[..], &ArchiveOptions::default()).unwrap()
}

#[test]
fn a_hundred_thousand_files() {
    let Some(browser) = Browser::for_test() else {
        return;
    };
    let temp = tempfile::tempdir().unwrap();
    let dockerfile =
        DockerfileChoice::Bytes(b"FROM scratch\nCOPY node_modules/package-1* /\n".to_vec());
    let plan = Recipe::of_archive(large())
        .dockerfile(dockerfile)
        .plan(&Progress::new())
        .unwrap();
    assert!(plan.view.len() > 106_000, "{}", plan.view.len());
    let started = Instant::now();
    let page = page(&plan, temp.path());
    let written = started.elapsed();
    let size = fs::metadata(&page).unwrap().len();
    assert!(size < 4_000_000, "{size} bytes");

    browser.open(&page).unwrap();
    until(&browser, "document.documentElement.dataset.ready > 0");
    let ready = told(&browser, "Number(document.documentElement.dataset.ready)");
    browser.keep_screenshot("du-large").unwrap();
    until(&browser, &shows("The context"));
    browser
        .run("document.querySelector('#map').focus()")
        .unwrap();
    browser.run("choose(children(0)[0])").unwrap();
    let started = Instant::now();
    browser.press(&[Key::Enter]).unwrap();
    until(&browser, &shows("node_modules"));
    let opened = started.elapsed();
    let drawn = browser.run("const start = performance.now(); show(children(0)[0]); return performance.now() - start").unwrap();
    assert_eq!(
        told(&browser, "document.querySelectorAll('#list li').length"),
        json!(250)
    );
    assert_eq!(text(&browser, "#rest"), "and 750 more");
    browser.keep_screenshot("du-large-opened").unwrap();
    browser.press(&[Key::Enter]).unwrap();
    until(
        &browser,
        "document.querySelectorAll('#crumbs li').length === 3",
    );
    nothing_is_wrong(&browser);
    let line = format!(
        "{size} bytes, written in {written:?}; ready after {ready} ms, a key takes {opened:?}, of which {drawn} ms are drawing\n"
    );
    fs::write(
        shipload_testkit::workspace::target().join("screenshots/du-large.txt"),
        line,
    )
    .unwrap();
}
