// SPDX-License-Identifier: GPL-2.0
/*
 * What a failed expectation or assertion prints: KUnit's own text. It
 * allocates nothing, as it is memory that is tested.
 */
#include <kunit/test.h>

/* Enough for the source of what was compared, and two values. */
#define TEXT_SIZE 512

/* A number that stands in the source as such needs no value. */
static int print_value(char *text, size_t size, const struct kunit_check *check,
		       const char *name, long long value)
{
	char digits[24];

	snprintf(digits, sizeof(digits), check->pointers ? "0x%llx" : "%lld",
		 value);
	if (!strcmp(name, digits))
		return 0;
	return scnprintf(text, size, KUNIT_SUBSUBTEST_INDENT "%s == %s\n", name,
			 digits);
}

static void print_comparison(char *text, const struct kunit_check *check,
			     long long left, long long right)
{
	size_t at;

	at = scnprintf(text, TEXT_SIZE,
		       KUNIT_SUBTEST_INDENT "Expected %s %s %s, but\n",
		       check->left, check->op, check->right);
	at += print_value(text + at, TEXT_SIZE - at, check, check->left, left);
	print_value(text + at, TEXT_SIZE - at, check, check->right, right);
}

static void print_check(char *text, const struct kunit_check *check,
			long long left, long long right)
{
	text[0] = '\0';
	if (check->op)
		print_comparison(text, check, left, right);
	else if (check->left)
		scnprintf(text, TEXT_SIZE,
			  KUNIT_SUBTEST_INDENT "Expected %s to be %s, but is %s\n",
			  check->left, check->right,
			  strcmp(check->right, "true") ? "true" : "false");
}

/**
 * kunit_failed() - fail a case and say why
 * @test: the case.
 * @check: what was expected.
 * @left: value of the left side, if there is one.
 * @right: value of the right side, if there is one.
 * @fmt: message, NULL for none.
 */
void kunit_failed(struct kunit *test, const struct kunit_check *check,
		  long long left, long long right, const char *fmt, ...)
{
	struct va_format message = { .fmt = fmt ?: "" };
	char text[TEXT_SIZE];
	va_list args;

	WRITE_ONCE(test->status, KUNIT_FAILURE);
	print_check(text, check, left, right);
	va_start(args, fmt);
	message.va = &args;
	pr_err(KUNIT_SUBTEST_INDENT "# %s: %s FAILED at %s:%d\n%s%pV\n",
	       test->name, check->fatal ? "ASSERTION" : "EXPECTATION",
	       check->file, check->line, text, &message);
	va_end(args);
}
