"""HY-Motion 1.0 (Tencent 2025): flow matching, motion of up to twelve seconds at 30 frames a second, SMPL's 22 joints."""
