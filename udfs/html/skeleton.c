/* Cuts out the few tags of a page that extraction reads, without building the page's tree.

A page's skeleton is the source of its `img`, `image`, `base` and `template` tags and of the `meta` tags that may opt
out, in order. With `with_whole`, it also has the `figure`, `picture` and `noscript` elements that hold what extraction
needs, unchanged. The same HTML parser finds the same elements in it as in the page, but faster: most of a page is
script, style, text and other tags. Elements keep the order of the source.

The tokenizer is that of the HTML standard, section 13.2.5. Whatever depends on the tree is not guessed: raw text with a
`<`, CDATA, `image`, `template` and `base` that may be in foreign content, `frameset`, `plaintext`, several `base`, and
the end of a whole element that is not plain. Such a page has no skeleton and is parsed whole.

No function reads outside the page, and each part of it is read at most a few times, so time grows with the page. */

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef const unsigned char *Place;

/* ---- the elements that matter ---- */

enum {
    WANTED = 1,        /* its tags are kept */
    RAW = 2,           /* it holds raw text */
    SVG = 4,           /* it starts foreign content */
    HTML_WITHIN = 8,   /* it may hold open HTML elements, which hide the end of the foreign content around it */
    NEEDS_A_TREE = 16, /* it changes how everything after it is read */
    WHOLE = 32,        /* it is kept whole if it holds what extraction needs */
    CLOSING = 64,      /* its end tag closes all elements that are open in it */
    BLOCK = 128,       /* its start tag closes a `p` */
    HEADING = 256,     /* a start tag of one closes another one */
    ORDINARY = 512,    /* its tags, properly nested, close nothing outside */
    EMPTY = 1024,      /* it has no end tag */
    SHAPE = 2048,      /* it is part of a drawing */
    LINK = 4096,       /* `a` or `nobr`: a start tag of one closes another one, wherever that is */
    SCOPE = 8192,      /* tags in it do not close what is open around it */
    HEAD = 16384       /* its tags do not end the head */
};

typedef struct {
    const char *name;
    unsigned size, is;
} Element;

static const struct {
    unsigned is;
    const char *names;
} KINDS[] = {
    {WANTED, "base image img meta template"},
    {RAW, "iframe noembed noframes script style textarea title xmp"},
    {SVG, "svg"},
    {HTML_WITHIN, "desc foreignobject math"},
    {NEEDS_A_TREE, "frameset plaintext"},
    {WHOLE, "figure noscript picture"},
    {CLOSING, "article button center div figcaption figure footer h1 h2 h3 h4 h5 h6 header p section"},
    {BLOCK, "article center div figcaption figure footer h1 h2 h3 h4 h5 h6 header hr p section"},
    {HEADING, "h1 h2 h3 h4 h5 h6"},
    {ORDINARY, "a abbr b big br cite code em font hr i iframe image img label link mark meta nobr noscript picture q s "
               "script small source span strike strong style sub sup time tt u wbr"},
    {EMPTY, "br hr image img link meta source wbr"},
    {SHAPE, "circle defs ellipse g line path polygon polyline rect use"},
    {LINK, "a nobr"},
    {SCOPE, "applet button caption marquee object select table td template th"},
    {HEAD, "base basefont bgsound head html link meta noframes noscript script style template title"},
    {0, "body col"},
};
static Element by_letter[26][16]; /* a size of 0 ends those of a letter */
static const Element *BASE, *BODY, *BR, *BUTTON, *COL, *HEAD_ELEMENT, *HTML, *IMAGE, *IMG, *META, *NOSCRIPT, *P,
    *PICTURE, *SCRIPT, *SVG_ELEMENT, *TEMPLATE;

enum { START_SIZE = 6 };
static const Place START = (Place) "<body>"; /* starts a skeleton, or its first tags would be in the head */

static unsigned char lower(unsigned char byte) { return byte >= 'A' && byte <= 'Z' ? byte | 32 : byte; }

/* Whether these bytes come next, in any case. */
static bool has(Place at, Place end, const char *lower_case, size_t size) {
    if ((size_t)(end - at) < size) return false;
    for (size_t i = 0; i < size; i++)
        if (lower(at[i]) != (unsigned char)lower_case[i]) return false;
    return true;
}

#define HAS(at, end, text) has(at, end, text, sizeof(text) - 1)

static const Element *element_of(Place name, size_t size) {
    for (const Element *element = by_letter[lower(*name) - 'a']; element->size; element++)
        if (element->size == size && has(name, name + size, element->name, size)) return element;
    return NULL;
}

/* ---- tokens ---- */

typedef struct {
    Place start, name, after_name, after; /* `after` is where the next token starts */
    const Element *element;               /* NULL for one that does not matter */
    bool is_end;
} Tag;

static bool is_letter(unsigned char byte) { return lower(byte) >= 'a' && lower(byte) <= 'z'; }
static bool is_space(unsigned char byte) {
    return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r' || byte == '\f';
}
static bool ends_name(unsigned char byte) { return is_space(byte) || byte == '/' || byte == '>'; }

/* The next place of a byte; `end` if there is none. */
static Place find(Place from, Place end, unsigned char byte) {
    Place found = from < end ? memchr(from, byte, (size_t)(end - from)) : NULL;
    return found ? found : end;
}

static bool is_tag(Place at, Place end) {
    return end - at > 2 && is_letter(at[1] == '/' ? at[2] : at[1]);
}

/* Reads the tag that starts here; false if the page ends within it. */
static bool read_tag(Place start, Place end, Tag *tag) {
    tag->start = start;
    tag->is_end = start[1] == '/';
    Place at = tag->name = start + 1 + tag->is_end;
    while (at < end && !ends_name(*at)) at++;
    tag->after_name = at;
    tag->element = element_of(tag->name, (size_t)(at - tag->name));
    for (;;) {
        while (at < end && (is_space(*at) || *at == '/')) at++;
        if (at == end) return false;
        if (*at == '>') break;
        at++; /* the first byte of an attribute's name, even a `=` */
        while (at < end && !ends_name(*at) && *at != '=') at++;
        while (at < end && is_space(*at)) at++;
        if (at == end || *at != '=') continue;
        at++;
        while (at < end && is_space(*at)) at++;
        if (at == end) return false;
        if (*at == '"' || *at == '\'') {
            at = find(at + 1, end, *at);
            if (at == end) return false;
            at++;
        } else {
            while (at < end && !is_space(*at) && *at != '>') at++;
        }
    }
    tag->after = at + 1;
    return true;
}

/* The end of the comment that starts here; `<!-->` and `<!--->` are complete comments. */
static Place after_comment(Place start, Place end) {
    for (Place at = find(start + 4, end, '>'); at < end; at = find(at + 1, end, '>')) {
        if (at[-1] == '-' && at[-2] == '-') return at + 1;
        if (at[-1] == '!' && at[-2] == '-' && at[-3] == '-' && at - start >= 7) return at + 1;
    }
    return end;
}

/* The end of what a `<` that starts no tag starts: a comment, or text. */
static Place after_other(Place start, Place end) {
    if (HAS(start, end, "<!--")) return after_comment(start, end);
    if (end - start < 2 || (start[1] != '!' && start[1] != '?' && start[1] != '/')) return start + 1;
    Place close = find(start, end, '>');
    return close == end ? end : close + 1;
}

/* Whether an end tag of the same name as a start tag is here. */
static bool is_end_of(const Tag *tag, Place at, Place end) {
    size_t size = (size_t)(tag->after_name - tag->name);
    if ((size_t)(end - at) < size + 3 || at[0] != '<' || at[1] != '/' || !ends_name(at[2 + size])) return false;
    for (size_t i = 0; i < size; i++)
        if (lower(at[2 + i]) != lower(tag->name[i])) return false;
    return true;
}

/* The end tag of the raw text that a tag starts; `end` if there is none. In a script, comments may hide end tags (the
standard's states "script data escaped" and "double escaped"). */
static Place end_of_raw_text(const Tag *tag, Place end) {
    enum { PLAIN, ESCAPED, DOUBLY_ESCAPED } state = PLAIN;
    for (Place at = tag->after; at < end; at++) {
        if (state == PLAIN && (at = find(at, end, '<')) == end) break;
        if (is_end_of(tag, at, end)) {
            if (state != DOUBLY_ESCAPED) return at;
            state = ESCAPED;
        } else if (tag->element != SCRIPT) {
            continue;
        } else if (state == PLAIN && HAS(at, end, "<!--")) {
            state = ESCAPED;
            at += 1; /* the comment's own dashes may be those of `-->` */
        } else if (state == ESCAPED && end - at > 7 && HAS(at, end, "<script") && ends_name(at[7])) {
            state = DOUBLY_ESCAPED;
        } else if (state != PLAIN && HAS(at, end, "-->")) {
            state = PLAIN;
        }
    }
    return end;
}

/* Whether only text is between a start tag and its end tag, so that it reads the same as raw text. */
static bool is_plain_text(const Tag *tag, Place end) {
    Place next = find(tag->after, end, '<');
    return next < end && is_end_of(tag, next, end);
}

/* ---- whole elements ---- */

/* The end of a drawing of shapes; NULL for one that holds something else. */
static Place end_of_drawing(const Tag *svg, Place end) {
    Place at = svg->after;
    if (at[-2] == '/') return NULL; /* it may be its own end */
    for (Tag tag;; at = tag.after) {
        while (at < end && is_space(*at)) at++;
        if (at == end || *at != '<' || !is_tag(at, end) || !read_tag(at, end, &tag) || !tag.element) return NULL;
        if (tag.is_end && tag.element == SVG_ELEMENT) return tag.after;
        if (!(tag.element->is & SHAPE)) return NULL;
    }
}

/* What may be open around a place. Something of `SCOPE` may shield an element from its end tag, for good. */
typedef struct {
    bool button, p, link, button_for_good, p_for_good, link_for_good;
} Around;

static void pass(Around *around, const Tag *tag) {
    const Element *element = tag->element;
    unsigned is = element ? element->is : 0;
    if (is & SCOPE && !tag->is_end) {
        around->button_for_good |= around->button;
        around->p_for_good |= around->p;
        around->link_for_good |= around->link;
    }
    if (element == BUTTON) around->button = !tag->is_end;
    if (is & LINK) around->link = !tag->is_end;
    if (element == P || (is & BLOCK && !tag->is_end)) around->p = element == P && !tag->is_end;
}

enum { MOST_OPEN = 64 };

/* The end of the element that a tag starts; NULL if its tags alone do not show it. If elements are badly nested, a
stray `</div>` closes elements outside, and a `<td>` closes the cell around. An element is plain if no tag in it can do
so, and if what is open around it changes nothing in it. */
static Place end_of_plain(const Tag *whole, Place end, const Around *around) {
    const Element *open[MOST_OPEN] = {whole->element};
    bool is_transparent = whole->element == PICTURE; /* any end tag in it may close it */
    bool has_p = !(whole->element->is & BLOCK) && (around->p || around->p_for_good); /* a figure has closed it */
    bool has_button = around->button || around->button_for_good, has_link = around->link || around->link_for_good;
    int depth = 1, open_ps = 0, open_buttons = 0, open_links = 0;
    Tag tag;
    for (Place at = find(whole->after, end, '<'); at < end; at = find(at, end, '<')) {
        if (!is_tag(at, end)) {
            at = after_other(at, end);
            continue;
        }
        if (!read_tag(at, end, &tag)) return NULL;
        at = tag.after;
        const Element *element = tag.element;
        unsigned is = element ? element->is : 0;
        int one = tag.is_end ? -1 : 1;
        if (is & BLOCK && !tag.is_end && (has_p || open_ps)) return NULL;
        if (element == SVG_ELEMENT && !tag.is_end) {
            if (has_link || !(at = end_of_drawing(&tag, end))) return NULL;
        } else if (!element && !is_transparent && memchr(tag.name, '-', (size_t)(tag.after_name - tag.name))) {
            continue; /* a custom element */
        } else if (!(is & (ORDINARY | CLOSING))) {
            return NULL;
        } else if (is & RAW) {
            if (!tag.is_end && (at = end_of_raw_text(&tag, end)) == end) return NULL;
        } else if (!(is & EMPTY)) {
            if (tag.is_end) {
                if (open[--depth] != element) return NULL;
                if (!depth) return at;
            } else {
                bool closes = (element == BUTTON && (has_button || open_buttons)) ||
                              (is & LINK && (has_link || open_links || is_transparent)) ||
                              (is & HEADING && open[depth - 1]->is & HEADING) || (is & CLOSING && is_transparent);
                if (closes || depth == MOST_OPEN) return NULL;
                open[depth++] = element;
            }
            open_ps += element == P ? one : 0;
            open_buttons += element == BUTTON ? one : 0;
            open_links += is & LINK ? one : 0;
        }
    }
    return NULL;
}

/* ---- the cut ---- */

enum { WHOLE_KINDS = 3 };

typedef struct {
    Place page, end;
    unsigned char *kept;       /* with room for the whole page */
    size_t size;               /* of what is kept */
    Place found[WHOLE_KINDS];  /* the next thing for which an element of this kind is kept; `end` if there is none */
    Place vain[WHOLE_KINDS];   /* elements that start before this place hold nothing to keep them for */
} Cut;

static void keep(Cut *cut, Place from, Place to) {
    memcpy(cut->kept + cut->size, from, (size_t)(to - from));
    cut->size += (size_t)(to - from);
}

static bool is_image(Place at, Place end) { return HAS(at, end, "<img") || HAS(at, end, "<image"); }
static bool is_caption(Place at, Place end) { return HAS(at, end, "<figcaption"); }
static bool is_kept_tag(Place at, Place end) {
    return is_image(at, end) || HAS(at, end, "<base") || HAS(at, end, "<meta");
}

/* The next `<` of this kind, even in text; `end` if there is none. */
static Place next_of(Place at, Place end, bool (*is)(Place, Place)) {
    for (at = find(at, end, '<'); at < end && !is(at, end);) at = find(at + 1, end, '<');
    return at;
}

/* Whether a `meta` tag may opt out: it has one of the words of `opt_outs.META_WORDS`, or a letter as a number. */
static bool may_opt_out(const Tag *tag) {
    for (Place at = tag->after_name; at < tag->after; at++) {
        unsigned char byte = lower(*at);
        if (byte == 'n' && (HAS(at, tag->after, "noai") || HAS(at, tag->after, "noi") || HAS(at, tag->after, "none")))
            return true;
        if ((byte == 't' && HAS(at, tag->after, "tdm-r")) || (byte == '&' && HAS(at, tag->after, "&#"))) return true;
    }
    return false;
}

/* Finds the end of a whole element, NULL if it holds nothing to keep it for; false if only a tree shows it. */
static bool find_end_of_whole(Cut *cut, const Tag *tag, const Around *around, Place *whole_end) {
    int kind = tag->element == NOSCRIPT ? 0 : tag->element == PICTURE ? 1 : 2;
    *whole_end = NULL;
    if (cut->found[kind] < tag->after)
        cut->found[kind] = next_of(tag->after, cut->end, kind == 2 ? is_caption : is_image);
    if (cut->found[kind] == cut->end || tag->after <= cut->vain[kind]) return true;
    Place end = end_of_plain(tag, cut->end, around);
    if (!end) return false;
    if (cut->found[kind] < end) *whole_end = end;
    else cut->vain[kind] = end;
    return true;
}

/* Whether a tag ends the head. The images of a `noscript` in the head are in the body, and not in the `noscript`. */
static bool ends_head(const Tag *tag, bool is_in_noscript) {
    const Element *element = tag->element;
    if (!tag->is_end) return !element || !(element->is & HEAD);
    return element == BODY || element == BR || element == HTML || (element == HEAD_ELEMENT && !is_in_noscript);
}

/* Whether something else than white space is here. */
static bool has_text(Place from, Place to) {
    while (from < to && is_space(*from)) from++;
    return from < to;
}

/* Keeps what the skeleton of the page holds, nothing if it has no image; false if the page has no skeleton. */
static bool cut_out(Cut *cut, bool with_whole) {
    Place end = cut->end;
    int open_svgs = 0, open_templates = 0, bases = 0;
    bool has_html_within = false, has_image = false, is_in_body = false, is_in_noscript = false;
    Around around = {0};
    Tag tag;
    keep(cut, START, START + START_SIZE);
    for (Place from = cut->page, at; (at = find(from, end, '<')) < end; from = at) {
        bool is_foreign = open_svgs || has_html_within; /* or may be */
        bool needs_tree = false;
        bool ends_the_head = has_text(from, at); /* if it is open */
        Place start = at;
        if (!is_tag(at, end)) {
            needs_tree = is_foreign && HAS(at, end, "<![cdata[");
            at = after_other(at, end);
            is_in_body |= !open_templates && (ends_the_head || at == start + 1);
        } else {
            if (!read_tag(at, end, &tag)) break;
            at = tag.after;
            unsigned is = tag.element ? tag.element->is : 0;
            if (with_whole) pass(&around, &tag);
            is_in_body |= !open_templates && (ends_the_head || ends_head(&tag, is_in_noscript));
            if (tag.element == NOSCRIPT) is_in_noscript = !tag.is_end;
            if (tag.element == TEMPLATE) open_templates += tag.is_end ? -(open_templates > 0) : 1;
            if (is & WANTED && (!tag.is_end || tag.element == TEMPLATE)) {
                bases += tag.element == BASE;
                needs_tree = bases > 1 || (is_foreign && tag.element != IMG && tag.element != META);
                has_image |= tag.element == IMG || tag.element == IMAGE;
                if (tag.element != META || may_opt_out(&tag)) keep(cut, start, at);
            } else if (is & SVG) {
                open_svgs += tag.is_end ? -(open_svgs > 0) : 1;
            } else if (tag.is_end) {
                continue;
            } else if (is & RAW) {
                needs_tree = is_foreign && !is_plain_text(&tag, end);
                at = end_of_raw_text(&tag, end);
            } else if (is & HTML_WITHIN) {
                has_html_within |= !is_plain_text(&tag, end);
            } else if (is & NEEDS_A_TREE || (tag.element == COL && open_templates)) {
                needs_tree = true; /* after a `col` in a template, raw text is not taken as such */
            } else if (is & WHOLE && with_whole && (is_in_body || tag.element != NOSCRIPT)) {
                Place whole_end;
                if (!find_end_of_whole(cut, &tag, &around, &whole_end) || (whole_end && is_foreign)) return false;
                if (whole_end) {
                    keep(cut, start, at = whole_end);
                    has_image = true;
                }
            }
        }
        if (needs_tree) {
            if (next_of(start, end, is_kept_tag) < end) return false;
            break;
        }
    }
    if (!has_image) cut->size = 0;
    return true;
}

/* ---- the module ---- */

static PyObject *skeleton(PyObject *Py_UNUSED(module), PyObject *arguments) {
    Py_buffer html;
    int with_whole;
    if (!PyArg_ParseTuple(arguments, "y*p", &html, &with_whole)) return NULL;
    Place page = html.buf;
    Cut cut = {.page = page, .end = page + html.len, .found = {page, page, page}, .vain = {page, page, page}};
    bool is_cut = false;
    Py_BEGIN_ALLOW_THREADS
    cut.kept = malloc((size_t)html.len + START_SIZE);
    if (cut.kept) is_cut = cut_out(&cut, with_whole);
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&html);
    if (!cut.kept) return PyErr_NoMemory();
    PyObject *kept = Py_NewRef(Py_None);
    if (is_cut) kept = PyBytes_FromStringAndSize((const char *)cut.kept, (Py_ssize_t)cut.size);
    free(cut.kept);
    return kept;
}

static PyMethodDef methods[] = {{"skeleton", skeleton, METH_VARARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_ballast_skeleton", NULL, -1, methods, NULL, NULL, NULL, NULL};

#define NAMED(name) element_of((Place)name, sizeof(name) - 1)

PyMODINIT_FUNC PyInit__ballast_skeleton(void) {
    for (size_t kind = 0; kind < sizeof KINDS / sizeof *KINDS; kind++)
        for (const char *name = KINDS[kind].names; *name;) {
            unsigned size = (unsigned)strcspn(name, " ");
            Element *element = by_letter[*name - 'a'];
            while (element->size && (element->size != size || memcmp(element->name, name, size))) element++;
            *element = (Element){name, size, element->is | KINDS[kind].is};
            name += size + (name[size] == ' ');
        }
    BASE = NAMED("base"), BODY = NAMED("body"), BR = NAMED("br"), BUTTON = NAMED("button"), COL = NAMED("col");
    HEAD_ELEMENT = NAMED("head"), HTML = NAMED("html"), IMAGE = NAMED("image"), IMG = NAMED("img");
    META = NAMED("meta"), NOSCRIPT = NAMED("noscript"), P = NAMED("p"), PICTURE = NAMED("picture");
    SCRIPT = NAMED("script"), SVG_ELEMENT = NAMED("svg"), TEMPLATE = NAMED("template");
    PyObject *module = PyModule_Create(&definition);
    if (module && PyModule_AddStringConstant(module, "SOURCE", SOURCE_HASH) < 0) Py_CLEAR(module);
    return module;
}
