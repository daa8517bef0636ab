# SPDX-License-Identifier: GPL-2.0
"""What the commands in scripts/ are made of: one noun a file."""
