"""Makes golden.json: templates, and the texts that transformers 5.23 makes of them.

    python make.py

An error is null.
"""
import json
import os

from transformers.utils.chat_template_utils import _compile_jinja_template as compiled

os.chdir(os.path.dirname(os.path.abspath(__file__)))

VARIABLES = {
    "messages": [
        {"role": "system", "content": " Be brief. "},
        {"role": "user", "content": "Hi <b>\n"},
        {"role": "assistant", "content": "  Yes \n\n"},
        {"role": "user", "content": "é 日本"},
    ],
    "add_generation_prompt": True, "tools": None, "documents": None, "bos_token": "<s>", "eos_token": "</s>",
}

TEMPLATES = [
    # white space around tags
    "{% for m in messages %}{{ m.role }}\n{% endfor %}END",
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant' }}\n{% endif %}",
    "{%- for m in messages -%}\n  {{- m['role'] + ':' + m['content'].strip() }}\n{%- endfor -%}\n\nx\n",
    "  {% if true %}\n    a\n  {% endif %}\n b\n",
    "a {% if true %} b {% endif %} c",
    "a\n  {% if true %}\n\n  b\n\n  {% endif %}\n  c",
    "{{ 'a' }}\n{% if true %}\nb\n{% endif %}\n\nc",
    "{%- if messages[0].role == 'system' -%}\n  {{- '<<SYS>>\\n' + messages[0].content + '\\n' -}}\n{%- endif %}\n {{ 'z' }}",
    "{# c #}\nx{# d #}\ny", "x {#- c -#} y", "line\n\n", "{{ 'a' }}\n", "x\r\ny", "", "\n", "{", "{ {", "a } b %} c }}",
    # values
    "{{ none }}|{{ nothing }}|{{ true }}{{ False }}{{ 1.5 }}{{ 2.0 }}{{ -3 }}{{ bos_token }}",
    "{{ 'q\\'s' }}{{ \"d\\\"q\" }}\\n", "{{ \"a\nb\" }}{{ 'a\\tb\\\\n' }}", "{{ 'é\\u00e9' }}",
    "{{ messages[0].role }}{{ messages[-1]['role'] }}{{ messages[9] is defined }}{{ messages[0].name is defined }}{{ messages[0].name }}",
    "{{ messages[1:][0]['content'] }}{{ messages[:2] | length }}{{ messages[::-1][0].role }}{{ messages[-2:][0].role }}{{ messages[3:1]|length }}",
    "{{ messages[0]['content'][:3] }}|{{ messages[3].content[::-1] }}|{{ messages[3].content[1] }}|{{ 'abc'[-2:] }}|{{ 'abc'[7:] }}",
    "{{ [1, 'a', [2]] == [1, 'a', [2]] }}{{ {'a': 1}.a }}{{ {'a': 1}['a'] }}{{ (1, 2)[1] }}{{ {} == [] }}",
    # operators
    "{{ 'a' ~ 1 ~ none ~ true }}{{ 'x' if false }}{{ 'x' if false else 'y' }}",
    "{{ 7 // 2 }} {{ 7 / 2 }} {{ -7 % 3 }} {{ -7 // 3 }} {{ 7 % -3 }} {{ 1 + 2 * 3 - 4 }} {{ 1.5 * 2 }} {{ 6 / 2 }}",
    "{{ 'a' and 'b' }}{{ '' or 'c' }}{{ not '' }}{{ 1 < 2 }}{{ 'a' >= 'b' }}{{ 1 == 1.0 }}{{ 1 != '1' }}{{ none == none }}",
    "{% if 'a' == 'a' and not false or false %}1{% endif %}{{ messages[0].content|length > 3 }}",
    "{{ 'e' in 'Yes' }}{{ 'x' not in ['x', 'y'] }}{{ 'role' in messages[0] }}{{ 'a' in nothing }}",
    # statements
    "{% for m in messages %}{% if loop.index0 % 2 == 0 %}e{% else %}o{% endif %}{{ loop.last }}{{ loop.index }}{{ loop.revindex }}{% endfor %}",
    "{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}x{% else %}y{% endif %}{% endfor %}",
    "{% for m in messages if m.role != 'system' %}{{ m.role }}{{ loop.first }}{% else %}none{% endfor %}",
    "{% for m in [] %}x{% else %}empty{% endfor %}{% for c in 'aé' %}{{ c }}{% if not loop.last %},{% endif %}{% endfor %}",
    "{% for a in [1,2] %}{% for b in [3] %}{{ a }}{{ b }}{{ loop.length }}{% endfor %}\n{% endfor %}",
    "{% for k, v in messages[0].items() %}{{ k }}={{ v }};{% endfor %}{% for k in messages[0] %}{{ k }}{% endfor %}{% for k in {'b': 1, 'a': 2} | items %}{{ k[0] }}{% endfor %}",
    "{% for m in messages %}{% if loop.index == 3 %}{% break %}{% endif %}{% if loop.first %}{% continue %}{% endif %}{{ m.role }}{% endfor %}",
    "{% for m in messages %}{{ loop.previtem.role if loop.previtem is defined else '-' }}{{ loop.nextitem is defined }}{% endfor %}",
    "{% set x = 1 %}{% for m in messages %}{% set x = x + 1 %}{{ x }}{% endfor %}{{ x }}{% if true %}{% set x = 9 %}{% endif %}{{ x }}",
    "{% set ns = namespace(found=false, n=0) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{% if m.role == 'user' %}{% set ns.found = true %}{% endif %}{% endfor %}{{ ns.found }}{{ ns.n }}{{ ns.other is defined }}",
    "{% set x %}a{{ 1 }}\n{% endset %}[{{ x }}]{% set y = 'a' if false else 'b' %}{{ y }}",
    "{% if tools is defined and tools %}T{% elif tools is none %}N{% else %}U{% endif %}{% if not strange is defined %}{% set strange = false %}{% endif %}{{ strange }}",
    "{% if messages[0]['role'] == 'system' %}{% set rest = messages[1:] %}{% set system = messages[0]['content'] %}{% else %}{% set rest = messages %}{% endif %}{% for m in rest %}{{ m['role'] }}{% endfor %}{{ system }}",
    "{% generation %}{{ 'g' }}{% endgeneration %}\nx", "{% macro f(x) %}[{{ x }}]{% endmacro %}done",
    # functions, methods, filters and tests
    "{{ range(3) | length }}{% for i in range(1, 3) %}{{ i }}{% endfor %}{{ range is defined }}{% for i in range(5, -2, -3) %}{{ i }}{% endfor %}",
    "{{ messages[2].content.split('\\n')[0].lstrip() }}|{{ ' a  b '.split() | length }}|{{ 'a,b,c'.split(',', 1)[1] }}|{{ 'xxaxx'.strip('x') }}|{{ '..a'.lstrip('.') }}|{{ 'a.\\n'.rstrip() }}|",
    "{{ 'aBc'.upper() }}{{ 'aBc'.lower() }}{{ 'hello big wOrld'.title() }}{{ 'hELLO'.capitalize() }}{{ 'abc'.startswith('ab') }}{{ 'abc'.endswith('b') }}{{ 'aXbX'.replace('X', '-') }}{{ 'aXbX'.replace('X', '-', 1) }}",
    "{{ messages[0].get('role') }}{{ messages[0].get('x', 'd') }}{{ messages[0].get('x') }}{{ messages[0].keys() | list | length }}{{ messages[0].values() | list | first }}",
    "{{ messages[0].content | trim }}|{{ '  a ' | trim | upper }}|{{ 'aB' | lower | capitalize }}|{{ 'a b' | title }}|{{ 'aa' | replace('a', 'b') }}|{{ 5 | string }}|{{ '42' | int + 1 }}|{{ 'x' | int }}|{{ 2.7 | int }}",
    "{{ nothing | default('d') }}{{ '' | default('e', true) }}{{ '' | d('f') }}{{ none | default('g') }}|{{ ['a', 'b'] | join('-') }}{{ ['a', 1] | join }}|{{ ['a', 'b'] | first }}{{ ['a', 'b'] | last }}{{ 'abc' | reverse }}{{ 'abc' | list | length }}",
    "{{ messages | selectattr('role', 'equalto', 'user') | list | length }}{{ messages | rejectattr('role', 'eq', 'user') | map(attribute='role') | join(',') }}{{ ['a'] | map('upper') | join }}{{ messages | selectattr('name') | list | length }}",
    "{{ messages is iterable }}{{ messages is string }}{{ messages[0] is mapping }}{{ 'a' is string }}{{ 1 is number }}{{ true is boolean }}{{ 3 is odd }}{{ 4 is even }}{{ none is none }}{{ 1 is not none }}{{ true is true }}{{ messages is sequence }}{{ 1 is integer }}{{ 1.0 is float }}{{ 2 is eq(2) }}",
    # errors
    "{{ raise_exception('no') }}", "{{ nothing.x }}", "{{ 'a' + 1 }}", "{{ 1 / 0 }}", "{{ messages.nope() }}", "{{ nothing() }}", "{% set messages.x = 1 %}", "{{ 1 < 'a' }}",
    "{% for m in 5 %}{% endfor %}", "{% for %}{% endfor %}", "{% for a b in c %}{% endfor %}", "{% for a in b %}", "{% if %}{% endif %}", "{% if true %}", "{{ ", "{% endif %}",
    "{{ 1 + }}", "{{ (1 }}", "{{ 'a }}", "{% unknown %}", "{{ a | nofilter }}", "{{ a is notest }}", "{% else %}",
]


def rendered(template):
    try:
        return compiled(template).render(**VARIABLES)
    except Exception:
        return None


with open("golden.json", "w") as f:
    json.dump({"variables": VARIABLES, "cases": [{"template": t, "text": rendered(t)} for t in TEMPLATES]}, f, ensure_ascii=False, indent=1)
